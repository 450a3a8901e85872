#!/usr/bin/env bash
# Makes the files of this directory from keys of the directory above, with openssl (its legacy provider included),
# ssh-keygen, puttygen and keytool: keys by every cipher that these tools can encrypt with, and what Go refuses.
# Made on 2026-11-27 with OpenSSL 3.0.19, OpenSSH 9.2p1, puttygen 0.78, OpenJDK 17. The password is "keypass1", that of
# stores "storepass".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
shopt -s extglob
rm -f !(make.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
legacy=(-provider legacy -provider default)
quiet() { "$@" 2>"$work/log" || { cat "$work/log"; false; }; }

# An RSA key with the exponent 2^32+1, which crypto/rsa refuses.
quiet openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -pkeyopt rsa_keygen_pubexp:4294967297 -out "$work/e33"
quiet openssl rsa -in "$work/e33" -traditional -out rsa.e33.trad.pem
quiet openssl rsa -in "$work/e33" -traditional -aes128 -passout pass:keypass1 -out rsa.e33.trad.enc.pem
quiet openssl pkcs8 -topk8 -in "$work/e33" -passout pass:keypass1 -out rsa.e33.enc.pem
openssl req -x509 -key "$work/e33" -subj /CN=e33 -days 36500 -out "$work/e33.pem"
openssl pkcs12 -export -passout pass:storepass -inkey "$work/e33" -in "$work/e33.pem" -out rsa.e33.pfx

# A key that is too short for crypto/rsa, with its certificate.
quiet openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out rsa512.pem
openssl req -x509 -key rsa512.pem -subj /CN=short -days 36500 >"$work/short"
cat "$work/short" >>rsa512.pem

# A curve that Go lacks.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1 -out secp256k1.key.pem
openssl pkey -in secp256k1.key.pem -pubout -out secp256k1.pub.pem
openssl req -x509 -key secp256k1.key.pem -subj '/O=Fixtures/CN=other curve' -days 36500 -out secp256k1.pem

# A sound authority, and a certificate with a negative serial number, which crypto/x509 refuses, for ../ec.key.pem.
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/ca.key"
openssl req -x509 -key "$work/ca.key" -subj '/O=Fixtures/CN=Sound' -days 36500 -out sound.pem
openssl req -new -key ../ec.key.pem -subj '/O=Fixtures/CN=negative' -out "$work/csr"
quiet openssl x509 -req -in "$work/csr" -CA sound.pem -CAkey "$work/ca.key" -set_serial -5 -days 36500 -out negative.pem
cat negative.pem sound.pem >"$work/both"
openssl pkcs12 -export -passout pass:storepass -inkey ../ec.key.pem -in negative.pem -certfile sound.pem -out negative.pfx
openssl crl2pkcs7 -nocrl -certfile "$work/both" -out both.p7b
for alias in negative sound; do
	quiet keytool -importcert -noprompt -alias $alias -file $alias.pem -storetype JKS -keystore both.jks -storepass storepass
done
quiet keytool -importkeystore -noprompt -srckeystore negative.pfx -srcstoretype PKCS12 -srcstorepass storepass -srcalias 1 \
	-destalias device -deststoretype JKS -destkeystore both.jks -deststorepass storepass -destkeypass keypass1

# OpenSSL's opinion about an authority: trusted for servers, for clients alone, not for servers.
openssl x509 -in sound.pem -addtrust serverAuth -trustout -out trusted.servers.pem
openssl x509 -in sound.pem -addtrust clientAuth -trustout -out trusted.clients.pem
openssl x509 -in sound.pem -addreject serverAuth -trustout -out rejected.servers.pem

# OpenSSH keys by every cipher, and the old DSA.
for cipher in $(ssh -Q cipher); do
	ssh-keygen -q -t ed25519 -Z "$cipher" -a 4 -N keypass1 -C "$cipher" -f "ssh-${cipher%@*}"
	rm "ssh-${cipher%@*}.pub"
done
ssh-keygen -q -t dsa -N '' -C dsa -f ssh-dsa
ssh-keygen -q -t rsa -b 2048 -Z aes128-cbc -a 4 -N keypass1 -C rsa -f ssh-rsa
ssh-keygen -q -t ecdsa -Z chacha20-poly1305@openssh.com -a 4 -N keypass1 -C ecdsa -f ssh-ecdsa

# The encryption of old PEM files.
for cipher in des des3 des-ede-cbc aes128 aes192 aes256 bf-cbc cast5-cbc rc2-cbc rc2-40-cbc rc2-64-cbc camellia128 aria256 seed-cbc aes-128-cfb; do
	quiet openssl ec "${legacy[@]}" -in ../ec.key.pem "-$cipher" -passout pass:keypass1 -out "dek.$cipher.pem"
done

# PKCS#8, version 1 and 2 of PKCS#5, and the encryptions of PKCS#12.
for pbe in PBE-MD5-DES PBE-SHA1-DES PBE-MD5-RC2-64 PBE-SHA1-RC2-64 \
	PBE-SHA1-RC4-128 PBE-SHA1-RC4-40 PBE-SHA1-3DES PBE-SHA1-2DES PBE-SHA1-RC2-128 PBE-SHA1-RC2-40; do
	quiet openssl pkcs8 -topk8 "${legacy[@]}" -in ../ec.key.pem -v1 $pbe -passout pass:keypass1 -out "v1.$pbe.pem"
done
for cipher in des des3 aes-128-cbc aes-192-cbc aes-256-cbc rc2-cbc rc2-40-cbc rc2-64-cbc bf-cbc cast5-cbc camellia-128-cbc aria-256-cbc \
	seed-cbc sm4-cbc aes-256-cfb aes-256-ofb; do
	quiet openssl pkcs8 -topk8 "${legacy[@]}" -in ../ec.key.pem -v2 $cipher -passout pass:keypass1 -out "v2.$cipher.pem"
done
for prf in hmacWithMD5 hmacWithSHA1 hmacWithSHA224 hmacWithSHA256 hmacWithSHA384 hmacWithSHA512 hmacWithSHA512-224 hmacWithSHA512-256; do
	quiet openssl pkcs8 -topk8 -in ../ec.key.pem -v2prf $prf -passout pass:keypass1 -out "prf.$prf.pem"
done

# PFX by every MAC and with RC4.
for mac in md5 sha1 sha224 sha256 sha384 sha512 sha512-224 sha512-256 sha3-224 sha3-256 sha3-384 sha3-512 ripemd160 sm3; do
	quiet openssl pkcs12 -export -legacy "${legacy[@]}" -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg $mac -passout pass:storepass \
		-inkey ../ec.key.pem -in ../ec.pem -out "mac.$mac.pfx"
done
for pbe in PBE-SHA1-RC4-128 PBE-SHA1-RC4-40 PBE-SHA1-RC2-40 PBE-MD5-DES; do
	openssl pkcs12 -export -legacy -keypbe $pbe -certpbe $pbe -passout pass:storepass -inkey ../ec.key.pem -in ../ec.pem -out "pbe.$pbe.pfx"
done

# DSA longer than SSH has it.
echo keypass1 >"$work/pass"
puttygen -q -t dsa -b 2048 -C 'long dsa' --new-passphrase "$work/pass" --ppk-param version=3,memory=1024,passes=3 -o dsa2048.ppk
puttygen -q dsa2048.ppk --old-passphrase "$work/pass" -L >dsa2048.pub
puttygen -q dsa2048.ppk --old-passphrase "$work/pass" -p >dsa2048.rfc4716

# The key store of Java with its own triple DES.
openssl pkcs12 -export -passout pass:storepass -inkey ../ec.key.pem -in ../ec.pem -certfile ../inter.pem -out "$work/ec.p12"
jceks() {
	quiet keytool "$1" -noprompt -storetype JCEKS -keystore "$2" -storepass storepass "${@:3}"
}
quiet keytool -importkeystore -noprompt -srckeystore "$work/ec.p12" -srcstoretype PKCS12 -srcstorepass storepass -srcalias 1 \
	-destalias ec -deststoretype JCEKS -destkeystore device.jceks -deststorepass storepass -destkeypass keypass1
jceks -importcert device.jceks -alias sound -file sound.pem
cp device.jceks secret.jceks
jceks -genseckey secret.jceks -alias secret -keyalg AES -keysize 128

# Two keys whose certificates have one subject, told apart by their aliases.
for type in JKS PKCS12 JCEKS; do
	for alias in old new; do
		quiet keytool -genkeypair -alias $alias -dname 'CN=same,O=Fixtures' -keyalg EC -groupname secp256r1 -validity 36500 \
			-storetype $type -keystore "same.${type,,}" -storepass storepass -keypass storepass
	done
	quiet keytool -exportcert -rfc -alias new -storetype $type -keystore "same.${type,,}" -storepass storepass -file "same.${type,,}.new.pem"
done
openssl req -x509 -key ../ec.key.pem -subj '/O=Fixtures/CN=same' -days 36500 -out "$work/old.pem"
openssl req -x509 -key ../ec.key.pem -subj '/O=Fixtures/CN=same' -days 36501 -out "$work/new.pem"
openssl pkcs12 -export -passout pass:storepass -inkey ../ec.key.pem -in "$work/old.pem" -name old -certfile "$work/new.pem" -caname new -out same.openssl
cp "$work/new.pem" same.openssl.new.pem

ls -l | awk '{ size += $5 } END { print NR-1 " files, " size " bytes" }'
