package mqtt

import "runtime/debug"

// buildInfo is the setting BuildInfo: the version of this module in the program, the revision where the program is this
// module, and the version of Go.
func buildInfo() string {
	const module = "github.com/iotcomponents/iot"
	info, known := debug.ReadBuildInfo()
	if !known {
		return module
	}
	text := module
	for _, d := range append(info.Deps, &info.Main) {
		if d.Path == module {
			text += " " + d.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && info.Main.Path == module {
			text += ", revision " + s.Value
		}
	}
	return text + ", " + info.GoVersion
}

// licenseInfo is the setting LicenseInfo, where the documented component shows its key.
func licenseInfo() string { return "Product: github.com/iotcomponents/iot; Key: none is needed" }
