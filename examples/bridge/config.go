package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/iotcomponents/iot/mqtt"
)

// configuration is what the file says: servers by their names, and what is forwarded between them.
type configuration struct {
	servers  map[string]*mqtt.MQTT // not connected
	forwards []forward
}

// forward is one direction of one topic filter.
type forward struct {
	from, to    string // names of servers
	filter      string
	qos         int
	remove, add string // prefixes of the topic
	retain      string // Keep, Never, Always
}

// section is a part of the file, up to the next line in brackets.
type section struct {
	line  int // of the brackets
	title string
	text  string // with an empty line for each line before, so that errors tell lines of the file
}

// parse reads a whole file. It tells all faults, each with its line.
func parse(text string) (*configuration, error) {
	c := &configuration{servers: map[string]*mqtt.MQTT{}}
	var faults []error
	sections, err := split(text)
	if err != nil {
		faults = append(faults, err)
	}
	for _, s := range sections {
		kind, name, _ := strings.Cut(s.title, " ")
		name = strings.TrimSpace(name)
		var err error
		switch {
		case kind == "server" && name == "":
			err = fmt.Errorf("line %d: a server needs a name, such as [server north]", s.line)
		case kind == "server" && c.servers[name] != nil:
			err = fmt.Errorf("line %d: there is a server %q already", s.line, name)
		case kind == "server":
			c.servers[name], err = server(s)
		case s.title == "forward":
			var f forward
			f, err = parseForward(s)
			c.forwards = append(c.forwards, f)
		default:
			err = fmt.Errorf("line %d: [%s] is neither [server NAME] nor [forward]", s.line, s.title)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) == 0 {
		faults = append(faults, c.check(sections)...)
	}
	return c, errors.Join(faults...)
}

func split(text string) (sections []section, err error) {
	number := 0
	for line := range strings.Lines(text) {
		number++
		trimmed := strings.TrimSpace(line)
		switch title, opened := strings.CutPrefix(trimmed, "["); {
		case opened && strings.HasSuffix(title, "]"):
			sections = append(sections, section{
				line: number, title: strings.TrimSpace(strings.TrimSuffix(title, "]")),
				text: strings.Repeat("\n", number),
			})
		case len(sections) > 0:
			sections[len(sections)-1].text += strings.TrimSuffix(line, "\n") + "\n"
		case trimmed != "" && trimmed[0] != '#' && trimmed[0] != ';' && err == nil:
			err = fmt.Errorf("line %d: it stands before the first line in brackets", number)
		}
	}
	return sections, err
}

// server makes the component of a server from the settings and properties of its section.
func server(s section) (*mqtt.MQTT, error) {
	m := mqtt.New()
	if err := m.LoadConfig(strings.NewReader(s.text)); err != nil {
		return m, fmt.Errorf("[%s]: %w", s.title, err)
	}
	if m.RemoteHost() == "" || m.ClientId() == "" {
		return m, fmt.Errorf("line %d: [%s] needs RemoteHost and ClientId", s.line, s.title)
	}
	// What a bridge is for: it outlives losses of either side, and the server keeps messages for it meanwhile.
	must(m.SetCleanSession(false))
	for _, setting := range []string{"AutoReconnect=True", "QueueMessages=True"} {
		_, err := m.Config(setting)
		must(err)
	}
	if m.KeepAliveInterval() == 0 {
		must(m.SetKeepAliveInterval(30))
	}
	return m, nil
}

func parseForward(s section) (forward, error) {
	f := forward{qos: 1, retain: "Keep"}
	var faults []error
	number := 0
	for line := range strings.Lines(s.text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		name, value, assigned := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		fault := func(format string, args ...any) {
			faults = append(faults, fmt.Errorf("line %d: "+format, append([]any{number}, args...)...))
		}
		if !assigned {
			fault("%q has no =", line)
			continue
		}
		switch strings.ToLower(name) {
		case "from":
			f.from = value
		case "to":
			f.to = value
		case "filter":
			f.filter = value
		case "qos":
			qos, err := strconv.Atoi(value)
			if f.qos = qos; err != nil || qos < 0 || qos > 2 {
				fault("QOS cannot be %q; 0, 1 and 2 are possible", value)
			}
		case "remove":
			f.remove = value
		case "add":
			f.add = value
		case "retain":
			if f.retain = value; !slices.Contains([]string{"Keep", "Never", "Always"}, value) {
				fault("Retain cannot be %q; Keep, Never and Always are possible", value)
			}
		default:
			fault("there is no %q; From, To, Filter, QOS, Remove, Add and Retain are possible", name)
		}
	}
	if len(faults) == 0 && (f.from == "" || f.to == "" || f.filter == "") {
		faults = append(faults, fmt.Errorf("line %d: [forward] needs From, To and Filter", s.line))
	}
	return f, errors.Join(faults...)
}

// check looks at what several sections say together.
func (c *configuration) check(sections []section) (faults []error) {
	i := 0
	for _, s := range sections {
		if s.title != "forward" {
			continue
		}
		f := c.forwards[i]
		i++
		for _, name := range []string{f.from, f.to} {
			if c.servers[name] == nil {
				faults = append(faults, fmt.Errorf("line %d: there is no [server %s]", s.line, name))
			}
		}
		// One handler for each filter, and one subscription.
		same := func(other forward) bool { return other.from == f.from && other.filter == f.filter }
		if slices.ContainsFunc(c.forwards[:i-1], same) {
			faults = append(faults, fmt.Errorf("line %d: %s of %s is forwarded already", s.line, f.filter, f.from))
		}
		if f.from == f.to && f.remove == f.add {
			faults = append(faults, fmt.Errorf("line %d: the messages would go round for ever", s.line))
		}
	}
	if i == 0 {
		faults = append(faults, errors.New("there is no [forward]"))
	}
	return faults
}

// topic is what a topic becomes on the other side.
func (f *forward) topic(topic string) string { return f.add + strings.TrimPrefix(topic, f.remove) }

func must(err error) {
	if err != nil {
		panic(err) // a setting of a component that is not connected
	}
}
