package killed

import (
	"os"
	"testing"

	"github.com/iotcomponents/iot/mqtt"
	"github.com/iotcomponents/iot/mqtt/internal/campaign"
	"github.com/iotcomponents/iot/mqtt/internal/mqtttest"
)

func TestMain(m *testing.M) {
	if task := os.Getenv(childTask); task != "" {
		runChild(task)
		return
	}
	mqtttest.Main(m)
}

// eachVersionTogether runs f as a subtest for both versions at the same time.
func eachVersionTogether(t *testing.T, f func(t *testing.T, v mqtt.MQTTVersions)) {
	campaign.Together(t, 2, func(run func(name string, test func(t *testing.T))) {
		for _, v := range mqtttest.Versions {
			run(mqtttest.VersionName(v), func(t *testing.T) { f(t, v) })
		}
	})
}

var (
	must        = mqtttest.Must
	config      = mqtttest.Config
	eachVersion = mqtttest.EachVersion
)
