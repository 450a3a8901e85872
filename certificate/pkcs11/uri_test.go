package pkcs11

import (
	"maps"
	"strings"
	"testing"

	ioterrors "github.com/iotcomponents/iot/errors"
)

func TestParse(t *testing.T) {
	for _, row := range []struct {
		text   string
		want   map[string]string
		module string
	}{
		{"pkcs11:", map[string]string{}, ""},
		{"PKCS11:token=rig", map[string]string{"token": "rig"}, ""},
		{"pkcs11:?module-path=/m.so", map[string]string{}, "/m.so"},
		{"pkcs11:token=", map[string]string{"token": ""}, ""},
		{
			"pkcs11:token=My%20token%25%20created;id=%01%00%ff;object=a%3bb%3Fc;type=private?module-path=/a%26b/c.so",
			map[string]string{"token": "My token% created", "id": "\x01\x00\xff", "object": "a;b?c", "type": "private"},
			"/a&b/c.so",
		},
		{"pkcs11:token=a+b:[]@!$'()*,=&", map[string]string{"token": "a+b:[]@!$'()*,=&"}, ""}, // RFC 7512: allowed as they are
		{
			"pkcs11:slot-id=007;slot-description=d;slot-manufacturer=m;library-version=2;library-manufacturer=l;library-description=x",
			map[string]string{
				"slot-id": "7", "slot-description": "d", "slot-manufacturer": "m", "library-version": "2.0",
				"library-manufacturer": "l", "library-description": "x",
			},
			"",
		},
		{"pkcs11:library-version=2.06;type=cert", map[string]string{"library-version": "2.6", "type": "cert"}, ""},
		{"pkcs11:manufacturer=m;model=o;serial=s", map[string]string{"manufacturer": "m", "model": "o", "serial": "s"}, ""},
		{"pkcs11:?x-vendor=1&module-path=m.so&unknown=2", map[string]string{}, "m.so"},
	} {
		u, err := parse(row.text)
		if err != nil {
			t.Errorf("%s: %v", row.text, err)
			continue
		}
		if !maps.Equal(u.want, row.want) || u.module != row.module {
			t.Errorf("%s: %q, module %q", row.text, u.want, u.module)
		}
		if same, err := parse(u.String()); err != nil || !maps.Equal(same.want, u.want) || same.module != u.module {
			t.Errorf("%s was written as %s, which is %q, %v", row.text, u, same, err)
		}
	}
}

// What is refused may be a PIN, or have one in it, so no value is shown.
func TestParseRefuses(t *testing.T) {
	const pin = "5678"
	for _, row := range []struct{ text, says string }{
		{"", "pkcs11:"},
		{pin, "pkcs11:"},
		{"/usr/lib/softhsm/" + pin + ".so", "pkcs11:"},
		{"file:" + pin, "pkcs11:"},
		{"pkcs11:" + pin, "equals sign"},
		{"pkcs11:token=rig;", "equals sign"},
		{"pkcs11:token=rig;;id=%01", "equals sign"},
		{"pkcs11:token=rig?" + pin, "equals sign"},
		{"pkcs11:token=%5678%", "percent"},
		{"pkcs11:token=%5g5678", "percent"},
		{"pkcs11:token=rig?module-path=%zz5678", "percent"},
		{"pkcs11:token=5678;token=5678", `"token" appears twice`},
		{"pkcs11:?module-path=5678&module-path=5678", `"module-path" appears twice`},
		{"pkcs11:pin=5678", `no attribute "pin"`},
		{"pkcs11:Token=5678", `no attribute "Token"`},
		{"pkcs11:pin-value=5678", `no attribute "pin-value"`},
		{"pkcs11:x-vendor=5678", `no attribute "x-vendor"`},
		{"pkcs11:type=data", "type is cert or private"},
		{"pkcs11:type=", "type is cert or private"},
		{"pkcs11:slot-id=0x5678", "slot-id"},
		{"pkcs11:slot-id=-1", "slot-id"},
		{"pkcs11:library-version=2.x", "library-version"},
		{"pkcs11:library-version=256", "library-version"},
		{"pkcs11:library-version=1.2.3", "library-version"},
		{"pkcs11:token=rig?pin-value=5678", "StorePassword"},
		{"pkcs11:token=rig?module-path=m.so&pin-value=5678", "pin-value"},
		{"pkcs11:token=rig?pin-source=file:/5678", "pin-source"},
		{"pkcs11:token=rig?module-name=5678", "module-path"},
		{"pkcs11:token=rig?module-path=5678%00.so", "module-path"},
	} {
		_, err := parse(row.text)
		wantError(t, err, ioterrors.ErrInvalidArgument, row.says)
		if strings.Contains(err.Error(), pin) {
			t.Errorf("%q: the error shows a value: %v", row.text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;object=my-certificate;" +
			"type=cert;id=%69%95%3E%5C%F4%BD%EC%91;serial=?module-path=/usr/lib/softhsm/libsofthsm2.so",
		"pkcs11:slot-id=327?pin-value=1234", "pkcs11:library-version=3;slot-description=Sun%20Metaslot", "pkcs11:?a=b&c=d", "pkcs11:a=%",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := parse(text)
		if err != nil {
			if ioterrors.Code(err) != ioterrors.ErrInvalidArgument {
				t.Fatal(err)
			}
			return
		}
		again, err := parse(u.String())
		if err != nil || !maps.Equal(again.want, u.want) || again.module != u.module {
			t.Fatalf("%q is %q, which is %q, %v", text, u, again, err)
		}
		for name, value := range u.want {
			if !u.means(name, value) || u.means(name, value+"x") {
				t.Fatalf("%s does not mean itself alone", name)
			}
		}
	})
}
