package packet

import "strings"

const (
	topicPlus problem = "contains the wildcard '+'"
	topicHash problem = "contains the wildcard '#'"

	filterPlus     problem = "has a '+' that is not a whole level"
	filterHash     problem = "has a '#' that is not the whole last level"
	filterNoGroup  problem = "has no share name after $share/"
	filterBadGroup problem = "has a wildcard in the share name"
	filterNothing  problem = "has no topic filter after the share name"
)

const sharePrefix = "$share/"

// CheckTopicName checks a Topic Name, also that of a Will [MQTT5-3.1.3-11] [MQTT311-3.1.3-10]. The error is one of "is
// empty", "is longer than 65535 bytes", "is not valid UTF-8", "contains U+0000", "contains the wildcard '+'" and
// "contains the wildcard '#'", to be put behind the name of the field. It does not allocate.
func CheckTopicName(topic string) error {
	// [MQTT5-4.7.3-3] [MQTT311-4.7.3-3]
	if len(topic) > MaxText {
		return textTooLong
	}
	// [MQTT5-4.7.3-1] [MQTT311-4.7.3-1]
	if topic == "" {
		return textEmpty
	}
	return checkTopic([]byte(topic)).asError()
}

// checkTopic checks the characters of a Topic Name.
func checkTopic(b []byte) problem {
	if isPlainTopic(b) {
		return ""
	}
	// [MQTT5-4.7.3-2] [MQTT311-4.7.3-2]
	if p := checkText(b); p != "" {
		return p
	}
	// [MQTT5-4.7.0-1] [MQTT5-3.3.2-2] [MQTT311-4.7.1-1] [MQTT311-3.3.2-2]
	for _, c := range b {
		switch c {
		case '+':
			return topicPlus
		case '#':
			return topicHash
		}
	}
	return ""
}

// CheckTopicFilter checks a Topic Filter. The error is worded to be put behind the name of the field. The
// rules of shared subscriptions hold for V5 only; in V311 "$share/..." is an ordinary filter.
func CheckTopicFilter(v Version, filter string) error {
	if len(filter) > MaxText {
		return textTooLong
	}
	b := []byte(filter)
	if p := checkText(b); p != "" {
		return p
	}
	return checkFilter(v, b).asError()
}

// checkFilter checks the structure of a Topic Filter.
func checkFilter(v Version, b []byte) problem {
	// [MQTT5-4.7.3-1] [MQTT311-4.7.3-1]
	if len(b) == 0 {
		return textEmpty
	}
	if v == V5 && hasSharePrefix(b) {
		b = b[len(sharePrefix):]
		end := 0
		for ; end < len(b) && b[end] != '/'; end++ {
			// [MQTT5-4.8.2-2]
			if b[end] == '+' || b[end] == '#' {
				return filterBadGroup
			}
		}
		switch {
		// [MQTT5-4.8.2-1]
		case end == 0:
			return filterNoGroup
		// [MQTT5-4.8.2-2]
		case end+1 >= len(b):
			return filterNothing
		}
		b = b[end+1:]
	}
	for i, c := range b {
		alone := (i == 0 || b[i-1] == '/') && (i+1 == len(b) || b[i+1] == '/')
		switch {
		// [MQTT5-4.7.1-2] [MQTT311-4.7.1-3]
		case c == '+' && !alone:
			return filterPlus
		// [MQTT5-4.7.1-1] [MQTT311-4.7.1-2]
		case c == '#' && (!alone || i+1 != len(b)):
			return filterHash
		}
	}
	return ""
}

func hasSharePrefix(b []byte) bool {
	return len(b) >= len(sharePrefix) && string(b[:len(sharePrefix)]) == sharePrefix
}

// IsShared reports whether the filter asks for a shared subscription in MQTT 5.0.
func IsShared(filter string) bool { return strings.HasPrefix(filter, sharePrefix) }

// HasWildcard reports whether the filter holds '+' or '#'.
func HasWildcard(filter string) bool { return strings.ContainsAny(filter, "+#") }

// Matches reports whether a Topic Filter matches a Topic Name, level by level [MQTT5-4.7.1-1] [MQTT311-4.7.1-2]. A
// wildcard at its beginning matches no name that begins with '$' [MQTT5-4.7.2-1] [MQTT311-4.7.2-1]. Both are valid;
// that of a shared subscription is what stands behind its name. It does not allocate.
func Matches(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && !strings.HasPrefix(filter, "$") {
		return false
	}
	for {
		level, filterRest, more := strings.Cut(filter, "/")
		if level == "#" {
			return true
		}
		name, topicRest, deeper := strings.Cut(topic, "/")
		switch {
		case level != "+" && level != name:
			return false
		case !deeper: // "a/#" matches "a" too
			return !more || filterRest == "#"
		case !more:
			return false
		}
		filter, topic = filterRest, topicRest
	}
}
