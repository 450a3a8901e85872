// Package real tests components with real servers and through real proxies: in the clear, over TLS and over WebSocket.
// Which of them are there, and how they are started, is told by package realservers.
package real
