package realservers

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The settings are shared with .ci/servers.
var (
	//go:embed mosquitto.conf
	mosquittoConf string

	//go:embed passwd
	mosquittoPasswd string

	//go:embed nats.conf
	natsConf string
)

// program is a server that this package can start.
type program struct {
	find  func() (path string, err error)
	conf  string            // the file @DIR@/server.conf, with @DIR@, @PORT@, @PORT2@ and so on to be filled in
	args  []string          // likewise; nil = "-c" and that file
	files map[string]string // further files of @DIR@
	// unprivileged: it gives up the rights of root before it reads its files.
	unprivileged bool
	open         Server // what listens on @PORT@
	auth         Server // what listens on @PORT2@, if it has a name
}

var mosquittoProgram = program{
	find:  findMosquitto,
	conf:  mosquittoConf,
	files: map[string]string{"passwd": mosquittoPasswd},
	open:  Server{Name: "mosquitto", V5: true, QoS2: true},
	auth:  Server{Name: "mosquitto", User: "user1", Password: "pass1", V5: true, QoS2: true},
}

var natsProgram = program{
	find: findNATS,
	conf: natsConf,
	open: Server{Name: "nats", QoS2: true},
}

// findMosquitto looks in the sbin folders too, which are not in everyone's PATH.
func findMosquitto() (string, error) {
	for _, name := range []string{
		"mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto",
		"/opt/homebrew/sbin/mosquitto",
	} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("mosquitto is not installed")
}

// findNATS returns the newest nats-server in PATH and in the cache of .ci/servers.
func findNATS() (string, error) {
	candidates, _ := filepath.Glob(filepath.Join(cacheDir(), "iot-ci", "nats-server-*", "nats-server"))
	if path, err := exec.LookPath("nats-server"); err == nil {
		candidates = append(candidates, path)
	}
	var newest string
	var major, minor int
	for _, path := range candidates {
		out, err := exec.Command(path, "--version").Output()
		if err != nil {
			continue
		}
		var a, b int
		if _, err := fmt.Sscanf(string(out), "nats-server: v%d.%d", &a, &b); err != nil {
			continue
		}
		if a > major || a == major && b > minor {
			newest, major, minor = path, a, b
		}
	}
	// Older ones grant QoS 1 for 2 and drop the connection on a QoS 2 PUBLISH.
	if major < 2 || major == 2 && minor < 10 {
		return "", errors.New("no nats-server 2.10 or newer is installed (.ci/servers build makes one)")
	}
	return newest, nil
}

// cacheDir is where .ci/servers puts its cache, on every system.
func cacheDir() string {
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return dir
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".cache")
}
