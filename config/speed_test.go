package config_test

import "testing"

// The budget of a setting that programs assign once per message: 1 µs, at most one
// allocation. No allocation is what the implementation reaches.
func TestAllocations(t *testing.T) {
	d := newDevice()
	d.alias = 7
	for _, s := range []string{
		"TopicAlias=1", "TopicAlias=0xFFFF", "TopicAlias=", "topicalias = 65535", "SessionExpInterval=4294967295",
		"Retain=True", "Retain=no", "ResponseTopic=reply/to/me", "FirewallPassword=secret",
		"LogLevel", "Retain", "ResponseTopic",
	} {
		n := testing.AllocsPerRun(100, func() {
			if _, err := d.r.Config(s); err != nil {
				t.Fatal(err)
			}
		})
		if n > 0 {
			t.Errorf("%s: %v allocations", s, n)
		}
	}
	d.must(t, "TopicAlias=12345")
	if n := testing.AllocsPerRun(100, func() { _, _ = d.r.Config("TopicAlias") }); n > 1 {
		t.Errorf("reading a large integer: %v allocations", n)
	}
}

func BenchmarkConfig(b *testing.B) {
	for _, s := range []string{
		"TopicAlias=1", "Retain=True", "ResponseTopic=reply/to/me", "TopicAlias", "TopicQOSArray=0,1,2",
		`ConnectProperties={"ContentType":"text/plain","SessionExpInterval":20}`, "ConnectProperties",
	} {
		b.Run(s, func(b *testing.B) {
			d := newDevice()
			d.must(b, `ConnectProperties={"ContentType":"a","SessionExpInterval":20,"UserProperty":"a:b"}`)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = d.r.Config(s)
			}
		})
	}
}
