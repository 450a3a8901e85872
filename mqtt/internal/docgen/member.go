package main

import (
	"go/doc"
	"slices"
	"strings"
)

// member is what a reader looks up under one name: a method, or a getter with its setter.
type member struct {
	name  string
	funcs []*doc.Func // getter and setter, or the method
}

// members are the methods of a type, each setter with its getter, by name.
func members(t *doc.Type) []member {
	var list []member
	for _, f := range t.Methods {
		base := strings.TrimPrefix(f.Name, "Set")
		if base == f.Name || !hasMethod(t, base) {
			list = append(list, member{f.Name, []*doc.Func{f}})
		}
	}
	for _, f := range t.Methods {
		base := strings.TrimPrefix(f.Name, "Set")
		if i := slices.IndexFunc(list, func(m member) bool { return base != f.Name && m.name == base }); i >= 0 {
			list[i].funcs = append(list[i].funcs, f)
		}
	}
	return list
}

func hasMethod(t *doc.Type, name string) bool {
	return slices.ContainsFunc(t.Methods, func(f *doc.Func) bool { return f.Name == name })
}

// readOnlyProperties are the properties without a setter.
var readOnlyProperties = []string{"IncomingMessages", "OutgoingMessages", "ReadyToSend", "SSLServerCert"}

// isProperty tells the properties of the component from its methods.
func (m member) isProperty() bool {
	return len(m.funcs) == 2 || slices.Contains(readOnlyProperties, m.name)
}

// methodGroups are the methods of the component in the order of the page.
var methodGroups = []struct {
	title string
	names []string
}{
	{"Connection", []string{
		"Connect", "ConnectTo", "ConnectContext", "Disconnect", "DisconnectWith", "Interrupt",
		"Reset", "Ping", "Auth",
	}},
	{"Publishing", []string{"PublishMessage", "PublishData", "PublishWith", "PublishAndWait", "PublishAndWaitWith"}},
	{"Subscriptions", []string{
		"Subscribe", "SubscribeWith", "SubscribeMany", "SubscribeAndWait", "Unsubscribe",
		"UnsubscribeWith",
	}},
	{"Events", []string{"DoEvents", "Run", "EventsReady", "Handle", "Stats"}},
	{"Settings", []string{"Config", "LoadConfig", "SaveConfig", "Settings", "SetTLSConfig"}},
	{"Sessions", []string{"SaveSession", "RestoreSession"}},
}
