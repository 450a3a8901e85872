#!/usr/bin/env bash
# Makes the files of this directory with the tools that users have: openssl, certtool, pk12util, keytool, puttygen, ssh-keygen, jwcrypto,
# xmlsec1. They are committed, so the tests need none of the tools. Every run makes new keys. Debian packages:
#
#   openssl default-jre-headless libbcprov-java gnutls-bin libnss3-tools putty-tools openssh-client python3-jwcrypto xmlsec1
#
# The password of every store is "storepass", that of keys with one of their own "keypass1".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
shopt -s extglob
rm -f !(make.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
days=36500

# key NAME ALGORITHM [OPTION]...: an unencrypted key in PKCS#8.
key() { openssl genpkey -quiet -algorithm "${@:2}" -out "$1.key.pem"; }

# cert NAME ISSUER SUBJECT EXTENSIONS: a certificate for NAME.key.pem, signed by ISSUER, by itself if they are equal.
cert() {
	printf '%b\n' "$4" >"$work/ext"
	openssl req -new -key "$1.key.pem" -subj "$3" -out "$work/csr"
	local by=(-CA "$2.pem" -CAkey "$2.key.pem")
	[ "$1" != "$2" ] || by=(-signkey "$1.key.pem")
	openssl x509 -req -in "$work/csr" "${by[@]}" -days $days -extfile "$work/ext" -out "$1.pem" 2>"$work/log"
}

ec=(EC -pkeyopt ec_paramgen_curve:P-256)
leaf='keyUsage=digitalSignature\nextendedKeyUsage=clientAuth'
ca='basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign'
key root "${ec[@]}"
cert root root '/O=Fixtures/CN=Root' "$ca"
key inter "${ec[@]}"
cert inter root '/O=Fixtures/CN=Intermediate' "$ca"
key renewed "${ec[@]}"
cert renewed renewed '/O=Fixtures/CN=Intermediate' "$ca" # another one of this name
key rsa RSA -pkeyopt rsa_keygen_bits:2048
cert rsa inter '/emailAddress=someone@example.com/C=AT/ST=Wien/L=Wien/DC=example/O=Fixtures, Ltd./OU=Say "hi"/CN=device-1' \
	"$leaf,serverAuth,1.3.6.1.4.1.311.10.3.4\nsubjectAltName=DNS:device-1.example.com,DNS:device-1,IP:127.0.0.1,email:d@example.com,URI:urn:device:1"
key ec "${ec[@]}"
cert ec inter '/O=Fixtures/CN=device-2' "$leaf"
key ed25519 ED25519
cert ed25519 inter '/O=Fixtures/CN=device-3' "$leaf"
key ed448 ED448
cert ed448 root '/O=Fixtures/CN=device-4' "$leaf"
cp ed448.key.pem ed448.self.key.pem
cert ed448.self ed448.self '/CN=device-4' "$leaf"
rm ed448.self.key.pem
key x25519 X25519
openssl genpkey -quiet -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -pkeyopt dsa_paramgen_q_bits:160 -out "$work/dsa"
openssl genpkey -quiet -paramfile "$work/dsa" -out dsa.key.pem
cert dsa root '/O=Fixtures/CN=device-5' "$leaf"
key p521 EC -pkeyopt ec_paramgen_curve:P-521
key p224 EC -pkeyopt ec_paramgen_curve:P-224
# Known values for the fields, and a certificate with every usage.
openssl x509 -in rsa.pem -noout -dates -serial -fingerprint -sha256 >rsa.facts
openssl x509 -in rsa.pem -noout -fingerprint -sha1 >>rsa.facts
openssl x509 -in rsa.pem -noout -fingerprint -md5 >>rsa.facts
cp ec.key.pem usage.key.pem
cert usage root '/CN=usage' 'keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyAgreement,keyCertSign,cRLSign,encipherOnly'
rm usage.key.pem

# PEM: one file with everything, old and new forms of keys, each with its encryption.
cat rsa.key.pem rsa.pem inter.pem root.pem >client.pem
openssl rsa -in rsa.key.pem -traditional -out rsa.pkcs1.pem 2>"$work/log"
openssl rsa -in rsa.key.pem -traditional -aes128 -passout pass:keypass1 -out rsa.pkcs1.enc.pem 2>"$work/log"
openssl ec -in ec.key.pem -out ec.sec1.pem 2>"$work/log"
openssl ec -in ec.key.pem -aes256 -passout pass:keypass1 -out ec.sec1.enc.pem 2>"$work/log"
openssl dsa -in dsa.key.pem -out dsa.trad.pem 2>"$work/log"
openssl rsa -in rsa.key.pem -RSAPublicKey_out -out rsa.pkcs1.pub.pem 2>"$work/log"
pkcs8() { openssl pkcs8 -topk8 -in ec.key.pem -passout pass:keypass1 "${@:2}" -out "ec.$1.pem"; }
pkcs8 pbes2
pkcs8 sha1 -v2prf hmacWithSHA1 -v2 aes-128-cbc
pkcs8 sha512 -v2prf hmacWithSHA512 -v2 aes-192-cbc
pkcs8 des3 -v2 des3
pkcs8 scrypt -scrypt
pkcs8 md5des -v1 PBE-MD5-DES -provider legacy -provider default
pkcs8 sha1des -v1 PBE-SHA1-DES -provider legacy -provider default
pkcs8 sha1des3 -v1 PBE-SHA1-3DES
pkcs8 sha1des2 -v1 PBE-SHA1-2DES
cat ec.pem ec.pbes2.pem >ec.both.pem
openssl x509 -in rsa.pem -addtrust clientAuth -trustout -out trusted.pem
openssl x509 -in ec.pem -outform DER -out ec.der
openssl pkey -in ec.key.pem -outform DER -out ec.key.der
openssl pkcs8 -topk8 -in ec.key.pem -outform DER -passout pass:keypass1 -out ec.pbes2.der
openssl pkey -in ec.key.pem -pubout -out ec.pub.pem

# PFX: the ciphers of OpenSSL 3 and 1, files without keys, and a file of Java with two keys.
pfx() { openssl pkcs12 -export -passout pass:storepass -out "$1.pfx" "${@:2}"; }
cat inter.pem root.pem >"$work/chain.pem"
pfx modern -in rsa.pem -inkey rsa.key.pem -certfile "$work/chain.pem" -name device
pfx legacy -legacy -in rsa.pem -inkey rsa.key.pem -certfile "$work/chain.pem"
pfx ed25519 -in ed25519.pem -inkey ed25519.key.pem
pfx legacy3des -legacy -descert -in ec.pem -inkey ec.key.pem
pfx rc2-128 -legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES -in ec.pem -inkey ec.key.pem
pfx sha512 -macalg sha512 -in ec.pem -inkey ec.key.pem
pfx nomac -nomac -in ec.pem -inkey ec.key.pem
pfx plain -nomac -keypbe NONE -certpbe NONE -in ec.pem -inkey ec.key.pem
openssl pkcs12 -export -passout pass: -in ec.pem -inkey ec.key.pem -out empty.pfx
certtool --load-certificate ec.pem --load-privkey ec.key.pem --to-p12 --null-password --p12-name ec --outder --outfile none.pfx \
	2>"$work/log"
pfx dsa -in dsa.pem -inkey dsa.key.pem
pfx ed448 -in ed448.pem -inkey ed448.key.pem
pfx nokeys -nokeys -in "$work/chain.pem"
mkdir "$work/go"
(
	cd "$work/go"
	cat >main.go <<-'GO'
		package main

		import (
			"crypto/tls"
			"os"

			"software.sslmate.com/src/go-pkcs12"
		)

		func main() {
			pair, err := tls.LoadX509KeyPair(os.Args[1]+"/ec.pem", os.Args[1]+"/ec.key.pem")
			if err != nil {
				panic(err)
			}
			data, err := pkcs12.Modern2026.Encode(pair.PrivateKey, pair.Leaf, nil, "storepass")
			if err != nil {
				panic(err)
			}
			os.Stdout.Write(data)
		}
	GO
	go mod init fixtures
	go get software.sslmate.com/src/go-pkcs12@v0.7.4
) 2>"$work/log"
go -C "$work/go" run . "$PWD" >pbmac1.pfx # OpenSSL has this MAC since 3.4
# NSS, the library of Firefox, writes BER.
mkdir "$work/nss"
certutil -N -d "sql:$work/nss" --empty-password
pk12util -i modern.pfx -d "sql:$work/nss" -W storepass -K '' >"$work/log"
pk12util -o nss.pfx -n device -d "sql:$work/nss" -W storepass -K '' >"$work/log"
import() { # TYPE FILE ALIAS SOURCE [OPTION]...
	keytool -importkeystore -noprompt -srckeystore "$4" -srcstoretype PKCS12 -srcstorepass storepass -srcalias 1 \
		-destalias "$3" -deststoretype "$1" -destkeystore "$2" -deststorepass storepass "${@:5}" 2>"$work/log"
}
openssl pkcs12 -export -passout pass:storepass -in ec.pem -inkey ec.key.pem -certfile "$work/chain.pem" -out "$work/ec.p12"
openssl pkcs12 -export -passout pass:storepass -in rsa.pem -inkey rsa.key.pem -certfile "$work/chain.pem" -out "$work/rsa.p12"
import PKCS12 java.pfx first "$work/rsa.p12"
import PKCS12 java.pfx second "$work/ec.p12"

# Java key stores.
import JKS java.jks rsa "$work/rsa.p12" -destkeypass keypass1
import JKS java.jks ec "$work/ec.p12" -destkeypass keypass1
keytool -importcert -noprompt -alias trusted -file dsa.pem -storetype JKS -keystore java.jks -storepass storepass 2>"$work/log"
import JCEKS java.jceks ec "$work/ec.p12"

# A Bouncy Castle FIPS key store.
bc=(-providerclass org.bouncycastle.jce.provider.BouncyCastleProvider -providerpath /usr/share/java/bcprov.jar)
import BCFKS store.bcfks rsa "$work/rsa.p12" "${bc[@]}" -destkeypass keypass1
keytool -importcert -noprompt -alias trusted -file dsa.pem -storetype BCFKS -keystore store.bcfks -storepass storepass \
	"${bc[@]}" 2>"$work/log"
keytool -genseckey -alias secret -keyalg AES -keysize 128 -storetype BCFKS -keystore store.bcfks -storepass storepass \
	"${bc[@]}" 2>"$work/log"

# PKCS#7, the last one in BER, as programs that write a stream do.
openssl crl2pkcs7 -nocrl -certfile client.pem -out bundle.p7b.pem
openssl crl2pkcs7 -nocrl -certfile client.pem -outform DER -out bundle.p7b
echo signed | openssl cms -sign -signer ec.pem -inkey ec.key.pem -certfile "$work/chain.pem" -nodetach -binary -stream \
	-outform DER -out stream.p7b

# SSH and PuTTY keys.
ssh-keygen -q -t ed25519 -N '' -C 'someone@ed25519' -f ssh-ed25519
ssh-keygen -q -t ecdsa -b 384 -N keypass1 -a 4 -C 'someone@ecdsa' -f ssh-ecdsa
ssh-keygen -e -m RFC4716 -f ssh-ecdsa.pub | sed "s/by [^ ]*/by someone/" >ssh-ecdsa.rfc4716
ssh-keygen -q -s ssh-ed25519 -I id -n someone -V always:forever ssh-ecdsa.pub
for name in ssh-ed25519 ssh-ecdsa; do
	for hash in md5 sha256; do ssh-keygen -l -E $hash -f $name.pub; done >$name.facts
done
echo keypass1 >"$work/pass"
ppk() { # NAME TYPE BITS PARAMETERS
	puttygen -q -t "$2" -b "$3" -C "comment of $2" --new-passphrase "$5" --ppk-param "$4" -o "$1.ppk"
}
ppk rsa-v3 rsa 2048 version=3,memory=1024,passes=3 "$work/pass"
ppk rsa-v2 rsa 2048 version=2 "$work/pass"
ppk rsa-v3-plain rsa 2048 version=3 /dev/null
ppk rsa-v2-plain rsa 2048 version=2 /dev/null
ppk ecdsa-argon2i ecdsa 256 version=3,kdf=argon2i,memory=1024,passes=3 "$work/pass"
ppk ecdsa-argon2d ecdsa 256 version=3,kdf=argon2d,memory=1024,passes=3 "$work/pass"
ppk ed25519 ed25519 255 version=3,memory=1024,passes=3 "$work/pass"
ppk ed448 ed448 448 version=3 /dev/null
ppk dsa dsa 1024 version=3 /dev/null
puttygen -q rsa-v3-plain.ppk -L >rsa-v3-plain.pub

# JSON Web Keys, the set with a certificate chain and a symmetric key.
/usr/bin/python3 - <<'PY'
import base64, json
from jwcrypto import jwk
def load(name, **extra):
    key = json.loads(jwk.JWK.from_pem(open(name + '.key.pem', 'rb').read()).export())
    key.update(extra, kid=name)
    return key
def der(name):
    return ''.join(open(name + '.pem').read().split('-----')[2].split())
for name in ('rsa', 'ec', 'p521', 'ed25519', 'ed448'):
    json.dump(load(name), open(name + '.jwk', 'w'), indent=1)
short = load('rsa')
for member in ('p', 'q', 'dp', 'dq', 'qi'):
    del short[member]
json.dump(short, open('rsa-short.jwk', 'w'), indent=1)
keys = [json.loads(jwk.JWK.generate(kty='oct', size=128).export()), load('ed25519'), load('rsa', x5c=[der('rsa'), der('inter'), der('root')])]
json.dump({'keys': keys}, open('set.jwk', 'w'), indent=1)
PY

# XML Signature.
cat >"$work/template" <<'XML'
<doc><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>
<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
<Reference URI=""><Transforms><Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/></Transforms>
<DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><DigestValue/></Reference></SignedInfo>
<SignatureValue/><KeyInfo><KeyValue/><X509Data><X509Certificate/></X509Data></KeyInfo></Signature></doc>
XML
xmlsec1 --sign --privkey-pem rsa.key.pem,rsa.pem --output signature.xml "$work/template"

rm -f root.key.pem inter.key.pem renewed.key.pem
ls -l | awk '{ size += $5 } END { print NR-1 " files, " size " bytes" }'
