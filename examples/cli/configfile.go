package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
)

// withConfigFile puts the lines of mosquitto's own file of the command in front of its arguments: mosquitto_pub or
// mosquitto_sub in XDG_CONFIG_HOME, or in .config. A line is a flag and its value.
func withConfigFile(args []string) []string {
	if len(args) == 0 || args[0] != "pub" && args[0] != "sub" {
		return args
	}
	folder := os.Getenv("XDG_CONFIG_HOME")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return args
		}
		folder = filepath.Join(home, ".config")
	}
	file, err := os.Open(filepath.Join(folder, "mosquitto_"+args[0]))
	if err != nil {
		return args
	}
	defer file.Close()
	all := args[:1:1]
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		flag, value, has := strings.Cut(line, " ")
		if all = append(all, flag); has {
			all = append(all, strings.TrimSpace(value))
		}
	}
	return append(all, args[1:]...)
}
