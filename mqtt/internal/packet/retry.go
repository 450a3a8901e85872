package packet

// Retry says whether a client that a server has refused, or whose connection it has ended, makes sense to come back.
type Retry uint8

// The answers. Final: the same attempt would be refused again, or would be a quarrel. Passing: the reason may be gone
// the next time. WithCredentials: another user, password, token or certificate may be let in.
const (
	Final Retry = iota
	Passing
	WithCredentials
)

func (r Retry) String() string {
	return [...]string{"final", "passing", "passing with other credentials"}[r]
}

// comeback is what a reason code says about another attempt: in CONNACK, and in the server's DISCONNECT.
type comeback struct {
	connack, disconnect Retry
	ground              string
}

// comebacks has every reason code that ends a connection or an attempt.
var comebacks = [...]comeback{
	Success:                     {Passing, Passing, "the server closes without blaming anybody"},
	UnspecifiedError:            {Passing, Passing, "nothing says that it lasts"},
	MalformedPacket:             {Final, Passing, "CONNECT would be the same again; later packets will not be"},
	ProtocolError:               {Final, Passing, "CONNECT would be the same again; later packets will not be"},
	ImplementationSpecificError: {Passing, Passing, "nothing says that it lasts"},
	UnsupportedProtocolVersion:  {Final, Final, "the version stays the same"},
	ClientIdentifierNotValid:    {Final, Final, "the identifier stays the same"},
	BadUserNameOrPassword:       {WithCredentials, WithCredentials, "another password may be right"},
	NotAuthorized:               {WithCredentials, WithCredentials, "an expired token is the usual reason"},
	ServerUnavailable:           {Passing, Passing, "it is about the server's state"},
	ServerBusy:                  {Passing, Passing, "it asks to come back later"},
	Banned:                      {Final, Final, "an administrator has decided it"},
	ServerShuttingDown:          {Passing, Passing, "servers that shut down start again"},
	BadAuthenticationMethod: {
		WithCredentials, WithCredentials,
		"another method or other data may be right",
	},
	KeepAliveTimeout: {Passing, Passing, "the network, or a program that hung"},
	SessionTakenOver: {
		Final, Final,
		"coming back would throw the other client out, and so on for ever",
	},
	TopicFilterInvalid:                  {Final, Passing, "a request of the program, which need not come again"},
	TopicNameInvalid:                    {Final, Passing, "a message of the program, or the will in CONNECT"},
	ReceiveMaximumExceeded:              {Final, Passing, "a state of the connection, which begins anew"},
	TopicAliasInvalid:                   {Final, Passing, "a state of the connection, which begins anew"},
	PacketTooLarge:                      {Final, Passing, "a message of the program, or CONNECT itself"},
	MessageRateTooHigh:                  {Passing, Passing, "it passes with time"},
	QuotaExceeded:                       {Passing, Passing, "it passes with time"},
	AdministrativeAction:                {Final, Final, "an administrator has decided it"},
	PayloadFormatInvalid:                {Final, Final, "the will, or a message that would be sent again"},
	RetainNotSupported:                  {Final, Final, "the will, or a message that would be sent again"},
	QoSNotSupported:                     {Final, Final, "the will, or a message that would be sent again"},
	UseAnotherServer:                    {Passing, Passing, "behind the same address there may be a load balancer"},
	ServerMoved:                         {Final, Final, "it has moved for good"},
	SharedSubscriptionsNotSupported:     {Final, Passing, "a request of the program, which need not come again"},
	ConnectionRateExceeded:              {Passing, Passing, "it passes with time"},
	MaximumConnectTime:                  {Passing, Passing, "the next connection has its own time"},
	SubscriptionIdentifiersNotSupported: {Final, Passing, "a request of the program, which need not come again"},
	WildcardSubscriptionsNotSupported:   {Final, Passing, "a request of the program, which need not come again"},
}

// RetryAfter says whether to come back after the reason code of a CONNACK or of a server's DISCONNECT in version v, and
// on what ground. A code that no rule names is final in a CONNACK and passes in a DISCONNECT.
func RetryAfter(v Version, t Type, c ReasonCode) (retry Retry, ground string) {
	if v == V311 {
		if int(c) < len(returnCodes) {
			return returnCodes[c].retry, returnCodes[c].ground
		}
		return Final, "the code is not defined"
	}
	known := int(c) < len(comebacks) && comebacks[c].ground != ""
	switch {
	case !known && t == CONNACK:
		return Final, "the code is not defined here"
	case !known:
		return Passing, "the code is not defined here"
	case t == CONNACK:
		return comebacks[c].connack, comebacks[c].ground
	}
	return comebacks[c].disconnect, comebacks[c].ground
}
