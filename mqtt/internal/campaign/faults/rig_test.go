package faults

import (
	"testing"

	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

func TestMain(m *testing.M) { mqtttest.Main(m) }

var (
	must   = mqtttest.Must
	config = mqtttest.Config
)
