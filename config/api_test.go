package config_test

import (
	"iter"

	"github.com/iotcomponents/iot/config"
)

// The exported API is a contract: programs compile against these signatures. What differs does not compile here.
var (
	_ interface {
		Config(configurationString string) (string, error)
		Settings() iter.Seq[config.Setting]
	} = (*config.Registry)(nil)

	_ = struct {
		Name, Group, Type, Default, Doc string
		ReadOnly, Indexed, V5Only       bool
	}(config.Setting{})
)
