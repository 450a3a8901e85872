package mqtt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/bubble"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
	"github.com/iotcomponents/iot/mqtt/internal/packet"
)

// journaled is memory with a journal in a folder of the test's own, and a session that outlives connections.
func journaled(t *testing.T, v mqtt.MQTTVersions) (*mqtttest.Recorder, *mqtttest.Server, string) {
	t.Helper()
	r, s := memory(t, v)
	lasting(t, r.M)
	folder := filepath.Join(t.TempDir(), "journal")
	config(t, r.M, "JournalDir="+folder)
	return r, s, folder
}

// killed makes the component of a process that is started when the last one was killed now: it finds the files as they
// are at this moment.
func killed(t *testing.T, v mqtt.MQTTVersions, s *mqtttest.Server, folder string) *mqtttest.Recorder {
	t.Helper()
	r := nextProcess(t, v, s)
	lasting(t, r.M)
	config(t, r.M, "JournalDir="+snapshotOf(t, folder))
	return r
}

// snapshotOf copies the journals in a folder, without their locks.
func snapshotOf(t testing.TB, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.journal"))
	must(t, err)
	to := t.TempDir()
	for _, name := range files {
		b, err := os.ReadFile(name)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(to, filepath.Base(name)), b, 0o600))
	}
	return to
}

// A QoS 1 or 2 message is on disk when its publish has returned, whatever its stage is when the process is killed.
func TestJournalOutgoing(t *testing.T) {
	provesInBubble(t, "pain 11, pain 12", func(t *testing.T, v mqtt.MQTTVersions) {
		r, s, folder := journaled(t, v)
		c := r.Connect(s, nil)
		for i, qos := range []int{1, 1, 2, 2, 2, 0} {
			must(t, r.M.PublishMessage("t", qos, string(rune('a'+i))))
		}
		wantPackets(t, c, "1:a QoS 1", "2:b QoS 1", "3:c QoS 2", "4:d QoS 2", "5:e QoS 2", "0:f QoS 0")
		c.SendAck(packet.PUBACK, 2)
		c.SendAck(packet.PUBREC, 3)
		c.SendAck(packet.PUBREC, 5)
		wantPackets(t, c, "3:PUBREL", "5:PUBREL")
		c.SendAck(packet.PUBCOMP, 5)
		synctest.Wait()

		next := killed(t, v, s, folder)
		d := next.Connect(s, resume(true))
		wantPackets(t, d, "1:a QoS 1 dup", "3:PUBREL", "4:d QoS 2 dup")
		if got, want := states(next.M.OutgoingMessages()), "1:0 3:3 4:1"; got != want {
			t.Errorf("OutgoingMessages %s, want %s", got, want)
		}
		must(t, next.M.PublishMessage("t", 1, "new"))
		wantPackets(t, d, "6:new QoS 1")
		for _, id := range []uint16{1, 6} {
			d.SendAck(packet.PUBACK, id)
		}
		d.SendAck(packet.PUBCOMP, 3)
		d.SendAck(packet.PUBREC, 4)
		wantPackets(t, d, "4:PUBREL")
		d.SendAck(packet.PUBCOMP, 4)
		wantOut(t, next, "a", "c", "d", "new")
	})
}

// What the server had not taken over is sent as new when it has no session any more.
func TestJournalWithoutTheServersSession(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s, folder := journaled(t, v)
		c := r.Connect(s, nil)
		must(t, r.M.PublishMessage("t", 1, "a"))
		must(t, r.M.PublishMessage("t", 2, "b"))
		must(t, r.M.PublishMessage("t", 2, "c"))
		c.SendPublish("in", 2, 7, "x")
		wantPackets(t, c, "1:a QoS 1", "2:b QoS 2", "3:c QoS 2", "7:PUBREC")
		c.SendAck(packet.PUBREC, 2)
		wantPackets(t, c, "2:PUBREL")

		next := killed(t, v, s, folder)
		d := next.Connect(s, resume(false))
		wantPackets(t, d, "1:a QoS 1", "3:c QoS 2")
		next.WaitFor("MessageIn", 1)
		d.SendAck(packet.PUBACK, 1)
		d.SendAck(packet.PUBREC, 3)
		wantPackets(t, d, "3:PUBREL")
		d.SendAck(packet.PUBCOMP, 3)
		wantOut(t, next, "a", "b", "c")
	})
}

// An incoming QoS 2 message is on disk before PUBREC leaves, and until its MessageIn has returned.
func TestJournalIncoming(t *testing.T) {
	provesInBubble(t, "pain 12", func(t *testing.T, v mqtt.MQTTVersions) {
		r, s, folder := journaled(t, v)
		c := r.Connect(s, nil)
		c.SendPublish("in", 2, 7, "x")
		c.SendPublish("in", 2, 8, "y")
		c.SendAck(packet.PUBREL, 7)
		c.SendPublish("in", 1, 9, "z")
		wantPackets(t, c, "7:PUBREC", "8:PUBREC")

		var inside, after *mqtttest.Recorder
		r.On("MessageIn", func(args any) {
			if e := args.(*mqtt.MessageInEventArgs); e.Message == "x" {
				inside = killed(t, v, s, folder)
				wantPackets(t, c) // nothing leaves while the handler runs
			} else {
				after = killed(t, v, s, folder)
				wantPackets(t, c, "7:PUBCOMP")
			}
		})
		r.WaitFor("MessageIn", 2)
		wantPackets(t, c, "9:PUBACK")

		d := inside.Connect(s, resume(true))
		d.SendAck(packet.PUBREL, 7)
		d.SendPublish("in", 2, 8, "y")
		d.SendAck(packet.PUBREL, 8)
		synctest.Wait() // PUBREC leaves before the pump delivers anything
		wantIn(t, inside, "x", "y")
		wantPackets(t, d, "8:PUBREC", "7:PUBCOMP", "8:PUBCOMP")

		d = after.Connect(s, resume(true))
		d.SendAck(packet.PUBREL, 7)
		d.SendAck(packet.PUBREL, 8)
		wantIn(t, after, "y")
		wantPackets(t, d, "7:PUBCOMP", "8:PUBCOMP")
	})
}

// wantIn waits for MessageIn of these messages, and sees that there is none more.
func wantIn(t *testing.T, r *mqtttest.Recorder, want ...string) {
	t.Helper()
	r.WaitFor("MessageIn", len(want))
	r.Pump()
	var got []string
	for _, e := range r.Trace().Only("MessageIn") {
		got = append(got, e.Args.(*mqtt.MessageInEventArgs).Message)
	}
	if !slices.Equal(got, want) {
		t.Errorf("MessageIn of %q, want %q", got, want)
	}
}

// With QueueMessages nothing needs a connection to be safe, and an idle component keeps no file open.
func TestJournalOffline(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s, folder := journaled(t, v)
		wantCode(t, r.M.PublishMessage("t", 1, "no"), 212)
		if _, err := os.Stat(folder); err == nil {
			t.Error("a message that was refused made the folder")
		}
		config(t, r.M, "QueueMessages=True")
		must(t, r.M.PublishMessage("t", 1, "a"))
		must(t, r.M.PublishMessage("t", 2, "b"))
		must(t, r.M.PublishMessage("t", 0, "c"))

		next := nextProcess(t, v, s) // of the same folder: nobody has locked it
		lasting(t, next.M)
		config(t, next.M, "JournalDir="+folder)
		config(t, next.M, "QueueMessages=True")
		must(t, next.M.PublishMessage("t", 1, "d"))
		if got := config(t, next.M, "QueuedMessages"); got != "3" {
			t.Errorf("%s queued", got)
		}
		d := next.Connect(s, resume(false))
		wantPackets(t, d, "1:a QoS 1", "2:b QoS 2", "3:d QoS 1")
		d.SendAck(packet.PUBACK, 1)
		d.SendAck(packet.PUBREC, 2)
		d.SendAck(packet.PUBACK, 3)
		wantPackets(t, d, "2:PUBREL")
		d.SendAck(packet.PUBCOMP, 2)
		wantOut(t, next, "a", "b", "d")
		next.Disconnect(d)

		// The first one finds that another has gone on with its messages: only the one that was in memory is left.
		c := r.Connect(s, resume(true))
		wantPackets(t, c, "0:c QoS 0")
		if n := r.M.OutgoingMessages().Count(); n != 0 {
			t.Errorf("%d messages are in OutgoingMessages", n)
		}
		r.Disconnect(c)
	})
}

// Nothing is dropped by Disconnect with CleanSession, which without a journal ends the session.
func TestJournalCleanSession(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s, folder := journaled(t, v)
		must(t, r.M.SetCleanSession(true))
		c := r.Connect(s, nil)
		must(t, r.M.PublishMessage("t", 1, "a"))
		wantPackets(t, c, "1:a QoS 1")
		r.Disconnect(c)
		next := nextProcess(t, v, s)
		config(t, next.M, "JournalDir="+folder)
		d := next.Connect(s, nil)
		wantPackets(t, d, "1:a QoS 1")
		d.SendAck(packet.PUBACK, 1)
		wantOut(t, next, "a")
	})
}

// What a connection delivers after its end is on disk too.
func TestJournalDeliveryAfterTheEnd(t *testing.T) {
	eachVersionInBubble(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, s, folder := journaled(t, v)
		c := r.Connect(s, nil)
		c.SendPublish("in", 2, 7, "x")
		c.SendAck(packet.PUBREL, 7)
		synctest.Wait()
		c.Close()
		synctest.Wait()
		next := killed(t, v, s, folder)
		r.WaitFor("MessageIn", 1)
		r.WaitFor("Disconnected", 1)
		after := killed(t, v, s, folder)
		for _, r := range []*mqtttest.Recorder{next, after} {
			d := r.Connect(s, resume(true))
			d.SendAck(packet.PUBREL, 7)
			synctest.Wait()
			r.Pump()
			wantPackets(t, d, "7:PUBCOMP")
		}
		if n, m := next.Trace().Count("MessageIn"), after.Trace().Count("MessageIn"); n != 1 || m != 0 {
			t.Errorf("delivered %d times after a kill before the delivery, %d times after one behind it; want 1 and 0", n, m)
		}
	})
}

// One owner at a time.
func TestJournalLocked(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s, folder := journaled(t, mqtt.MvV5)
		c := r.Connect(s, nil)
		other := nextProcess(t, mqtt.MvV5, s)
		config(t, other.M, "JournalDir="+folder)
		err := other.M.Connect()
		wantCode(t, err, 302)
		if !strings.Contains(fmt.Sprint(err), "another component or process uses") {
			t.Errorf("the error is %v", err)
		}
		config(t, other.M, "QueueMessages=True")
		wantCode(t, other.M.PublishMessage("t", 1, "a"), 302)
		wantCode(t, other.M.Reset(), 302)
		must(t, r.M.PublishMessage("t", 1, "a"))
		wantPackets(t, c, "1:a QoS 1")
		must(t, r.M.Interrupt())
		r.WaitFor("Disconnected", 1)
		must(t, other.M.SetClientId("c"))
		must(t, other.M.SetVersion(mqtt.MvV5))
		must(t, other.M.SetRemoteHost(s.Host))
		must(t, other.M.SetRemotePort(s.Port))
		lasting(t, other.M)
		config(t, other.M, "JournalDir="+folder)
		d := other.Connect(s, resume(true))
		wantPackets(t, d, "1:a QoS 1 dup")
	})
}

// JournalDir and ClientId are fixed while the journal has messages; Reset deletes it.
func TestJournalIsBoundToItsClient(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s, folder := journaled(t, mqtt.MvV3)
		must(t, r.M.SetCleanSession(true))
		must(t, r.M.SetClientId(""))
		wantCode(t, r.M.Connect(), 500)
		config(t, r.M, "QueueMessages=True")
		wantCode(t, r.M.PublishMessage("t", 1, "a"), 500)
		must(t, r.M.PublishMessage("t", 0, "a"))
		must(t, r.M.SetClientId("c"))
		must(t, r.M.PublishMessage("t", 1, "a"))
		_, err := r.M.Config("JournalDir=")
		wantCode(t, err, 211)
		must(t, r.M.SetClientId("d"))
		wantCode(t, r.M.Connect(), 211)
		wantCode(t, r.M.PublishMessage("t", 1, "a"), 211)
		must(t, r.M.SetClientId("c"))
		c := r.Connect(s, nil)
		_, err = r.M.Config("JournalDir=")
		wantCode(t, err, 211)
		wantPackets(t, c, "0:a QoS 0", "1:a QoS 1")
		c.SendAck(packet.PUBACK, 1)
		r.WaitFor("MessageOut", 2)
		r.Disconnect(c)
		must(t, r.M.SetClientId("d"))
		must(t, r.M.PublishMessage("t", 1, "b"))
		if files := journals(t, folder); len(files) != 2 {
			t.Errorf("files %q", files)
		}
		must(t, r.M.Reset())
		if files := journals(t, folder); len(files) != 1 || !strings.HasPrefix(files[0], "c-") {
			t.Errorf("after Reset: %q", files)
		}
	})
}

func journals(t testing.TB, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.journal"))
	must(t, err)
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	return names
}

// What is wrong with the folder or the file is an error of the call that needs it, and changes nothing.
func TestJournalUnusable(t *testing.T) {
	file := func(t *testing.T, text string) string {
		folder := t.TempDir()
		probe := mqtt.New()
		for _, s := range []string{"QueueMessages=True", "JournalDir=" + folder} {
			config(t, probe, s)
		}
		must(t, probe.SetClientId("c"))
		must(t, probe.PublishMessage("t", 1, "a"))
		name := filepath.Join(folder, journals(t, folder)[0])
		must(t, os.WriteFile(name, []byte(text), 0o600))
		return folder
	}
	for _, test := range []struct {
		name   string
		folder func(t *testing.T) string
		is     error
	}{
		{"a file in place of the folder", func(t *testing.T) string {
			name := filepath.Join(t.TempDir(), "f")
			must(t, os.WriteFile(name, nil, 0o600))
			return name
		}, nil},
		{"a folder below a file", func(t *testing.T) string {
			name := filepath.Join(t.TempDir(), "f")
			must(t, os.WriteFile(name, nil, 0o600))
			return filepath.Join(name, "g")
		}, nil},
		{"a foreign file", func(t *testing.T) string {
			return file(t, "this is somebody's diary, and not a journal at all; it is long enough to be one")
		}, nil},
		{"a folder without permission", func(t *testing.T) string {
			if os.Geteuid() == 0 {
				return filepath.Join(string([]byte{'/', 'p', 'r', 'o', 'c'}), "journal")
			}
			folder := t.TempDir()
			must(t, os.Chmod(folder, 0o500))
			return folder
		}, nil},
	} {
		t.Run("pain 32: "+test.name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				r, _, _ := journaled(t, mqtt.MvV5)
				folder := test.folder(t)
				config(t, r.M, "JournalDir="+folder)
				config(t, r.M, "QueueMessages=True")
				wantCode(t, r.M.Connect(), 302)
				wantCode(t, r.M.PublishMessage("t", 1, "a"), 302)
				wantCode(t, r.M.PublishAndWait("t", 2, []byte("a")), 302)
				if got := config(t, r.M, "QueuedMessages"); got != "0" {
					t.Errorf("%s queued", got)
				}
				must(t, r.M.PublishMessage("t", 0, "a")) // which no journal keeps
				config(t, r.M, "JournalDir=")
				must(t, r.M.PublishMessage("t", 1, "a"))
			})
		})
	}
}

// Damaged records are told one by one, and sound ones survive.
func TestJournalDamaged(t *testing.T) { t.Run("pain 32", journalDamaged) }

func journalDamaged(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s, folder := journaled(t, mqtt.MvV5)
		config(t, r.M, "QueueMessages=True")
		for _, text := range []string{"first message", "second message", "third message"} {
			must(t, r.M.PublishMessage("t", 1, text))
		}
		name := filepath.Join(folder, journals(t, folder)[0])
		b, err := os.ReadFile(name)
		must(t, err)
		must(t, os.WriteFile(name, []byte(strings.Replace(string(b), "second", "Second", 1)+"torn"), 0o600))
		next := nextProcess(t, mqtt.MvV5, s)
		lasting(t, next.M)
		config(t, next.M, "JournalDir="+folder)
		c := next.Connect(s, resume(true))
		wantPackets(t, c, "1:first message QoS 1", "3:third message QoS 1")
		told := next.Trace().Only("Error")
		if len(told) == 0 || !strings.Contains(told[0].String(), "504") {
			t.Errorf("told %v", told.Strings())
		}
		t.Log(told.Strings())
	})
}

// A single message of QoS 0, which its publisher would write itself, waits for a commit that somebody else owes.
func TestJournalCommitsAheadOfASingleMessage(t *testing.T) {
	s := mqtttest.NewServer(t)
	r := newRecorded(t, mqtt.MvV3, s)
	lasting(t, r.M)
	config(t, r.M, "JournalDir="+t.TempDir())
	c := r.Connect(s, nil)
	c.SendPublish("in", 0, 0, "what a single message may answer")
	r.WaitFor("MessageIn", 1)
	for _, idle := mqtt.LastWrite(r.M); !idle; _, idle = mqtt.LastWrite(r.M) {
		runtime.Gosched() // nothing tells that the writer sleeps
	}
	committed := mqtt.OweCommit(r.M)
	must(t, r.M.PublishMessage("t", 0, "single"))
	c.ExpectPublish()
	if !committed() {
		t.Error("PUBLISH was written before the commit")
	}
}

// Many publishers share the disk; what each goroutine publishes stays in its order on the wire and in the journal.
func TestJournalConcurrent(t *testing.T) {
	const publishers, each = 20, 25
	eachVersion(t, func(t *testing.T, v mqtt.MQTTVersions) {
		r, _, folder := journaled(t, v)
		config(t, r.M, "QueueMessages=True")
		s := mqtttest.NewServer(t)
		must(t, r.M.SetRemoteHost(s.Host))
		must(t, r.M.SetRemotePort(s.Port))
		mqtt.SetDial(r.M, nil)
		c := r.Connect(s, nil)
		received := make(chan string, publishers*each)
		go func() {
			for {
				p, err := c.Next()
				if err != nil {
					close(received)
					return
				}
				if p.Type() == packet.PUBLISH {
					m, err := packet.DecodePublish(c.Version, packet.FromClient, p.First, p.Body)
					if err != nil {
						panic(err)
					}
					received <- string(m.Payload)
				}
			}
		}()
		var wait sync.WaitGroup
		for p := range publishers {
			wait.Go(func() {
				for i := range each {
					if err := r.M.PublishMessage("t", 1+i%2, fmt.Sprint(p, " ", i)); err != nil {
						t.Errorf("%v", err)
					}
				}
			})
		}
		wait.Wait()
		must(t, r.M.Interrupt())
		r.WaitFor("Disconnected", 1)
		var wire []string
		for payload := range received {
			wire = append(wire, payload)
		}
		next := killed(t, v, mqtttest.NewMemoryServer(t), folder)
		config(t, next.M, "QueueMessages=True")
		must(t, next.M.PublishMessage("t", 1, "last")) // which opens the journal
		var kept []string
		for i := range next.M.OutgoingMessages().Count() {
			kept = append(kept, next.M.OutgoingMessages().Item(i).Message())
		}
		for _, list := range [][]string{wire, kept} {
			last := make([]int, publishers)
			for _, payload := range list {
				var p, i int
				_, err := fmt.Sscan(payload, &p, &i)
				must(t, err)
				if i != last[p] {
					t.Errorf("%q comes after %d", payload, last[p]-1)
				}
				last[p] = i + 1
			}
		}
		if len(kept) != publishers*each {
			t.Errorf("%d messages are in the journal, want %d", len(kept), publishers*each)
		}
		if !slices.Equal(wire, kept[:len(wire)]) {
			t.Error("the order on the wire is not that of the journal")
		}
	})
}

// What somebody has put in the place of the journal is refused each time, and costs nothing: with the file back in its place
// everything goes on.
func TestJournalReplaced(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		r, s, folder := journaled(t, mqtt.MvV5)
		config(t, r.M, "QueueMessages=True")
		must(t, r.M.PublishMessage("t", 1, "a"))
		name := filepath.Join(folder, journals(t, folder)[0])
		sound, err := os.ReadFile(name)
		must(t, err)
		must(t, os.WriteFile(name, []byte("somebody's notes, which are no journal, though they are long enough for it"), 0o600))
		for range 2 {
			err := r.M.PublishMessage("t", 1, "b")
			wantCode(t, err, 302)
			if !strings.Contains(fmt.Sprint(err), "it is no journal") {
				t.Errorf("the error is %v", err)
			}
		}
		must(t, os.WriteFile(name, sound, 0o600))
		must(t, r.M.PublishMessage("t", 1, "c"))
		c := r.Connect(s, resume(false))
		wantPackets(t, c, "1:a QoS 1", "2:c QoS 1")
	})
}
