package transport

import (
	"context"
	"crypto/tls"

	"github.com/iotcomponents/iot/errors"
)

// givenSecurity is a TLS connection with a configuration of the program's own, SetTLSConfig. The settings of TLS have
// no part in it, but for SSLServerName where the configuration has no name, and LogSSLPackets.
func givenSecurity(o *Options) *security {
	settings := TLS{
		Enabled: true, Config: o.TLS.Config, LogPackets: o.TLS.LogPackets, IncludeChain: o.TLS.IncludeChain,
		Renegotiation: o.TLS.Config.Renegotiation != tls.RenegotiateNever,
	}
	s := &security{
		settings: &settings, config: o.TLS.Config.Clone(), trace: &o.Trace, decide: o.Authenticate,
		roots: &roots{},
	}
	if s.config.ServerName == "" {
		s.config.ServerName = o.serverName()
	}
	s.name = s.config.ServerName
	if len(s.config.Certificates) == 0 && s.config.GetClientCertificate == nil {
		s.config.GetClientCertificate = s.noCertificate
	}
	return s
}

// judgeGiven asks SSLServerAuthentication about a server that the program's configuration has accepted.
func (s *security) judgeGiven(ctx context.Context, state *tls.ConnectionState) *errors.Error {
	if own := s.settings.Config.VerifyConnection; own != nil {
		if err := own(*state); err != nil {
			if errors.Code(err) > 0 {
				return errors.FromOS(err)
			}
			return errors.Wrap(errors.ErrCertificateRejected, "", err)
		}
	}
	if len(state.PeerCertificates) == 0 {
		return errors.New(errors.ErrNoServerCertificate, "")
	}
	return s.authenticate(ctx, state.PeerCertificates, state.VerifiedChains, nil)
}
