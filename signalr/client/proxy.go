package client

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// netDial opens a TCP connection.
type netDial func(ctx context.Context, network, address string) (net.Conn, error)

// proxyDial is dial through the proxy that settings name for target; the proxy
// is asked for a tunnel, also for plain WebSockets. Without a proxy it is dial
// itself.
func proxyDial(settings *http.Transport, target *url.URL, dial netDial) (netDial, error) {
	if settings.Proxy == nil {
		return dial, nil
	}
	proxy, err := settings.Proxy(&http.Request{Method: http.MethodGet, URL: target, Header: make(http.Header)})
	if err != nil {
		return nil, fmt.Errorf("find proxy: %w", err)
	}
	if proxy == nil {
		return dial, nil
	}
	if proxy.Scheme != "http" && proxy.Scheme != "https" {
		return nil, fmt.Errorf("proxy %s: only http and https proxies carry a WebSocket", proxy.Redacted())
	}
	t := &tunnel{proxy: proxy, header: settings.GetProxyConnectHeader, tls: settings.TLSClientConfig, dial: dial}
	if t.header == nil {
		t.header = func(context.Context, *url.URL, string) (http.Header, error) { return settings.ProxyConnectHeader, nil }
	}
	return t.open, nil
}

// tunnel opens TCP connections through a proxy.
type tunnel struct {
	proxy  *url.URL
	header func(ctx context.Context, proxy *url.URL, target string) (http.Header, error)
	tls    *tls.Config
	dial   netDial
}

func (t *tunnel) open(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := t.dial(ctx, network, t.address())
	if err != nil {
		return nil, fmt.Errorf("dial proxy: %w", err)
	}
	if t.proxy.Scheme == "https" {
		conn = tls.Client(conn, t.config())
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err = t.connect(ctx, conn, address)
	if !stop() {
		err = context.Cause(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return conn, nil
}

func (t *tunnel) address() string {
	if t.proxy.Port() != "" {
		return t.proxy.Host
	}
	return net.JoinHostPort(t.proxy.Hostname(), t.proxy.Scheme) // a port's name will do
}

func (t *tunnel) config() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if t.tls != nil {
		config = t.tls.Clone()
	}
	config.NextProtos = nil
	if config.ServerName == "" {
		config.ServerName = t.proxy.Hostname()
	}
	return config
}

// connect asks the proxy for a tunnel to address. Nothing comes behind its
// answer: the server waits for the client.
func (t *tunnel) connect(ctx context.Context, conn net.Conn, address string) error {
	header, err := t.header(ctx, t.proxy, address)
	if err != nil {
		return err
	}
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: header.Clone()}
	if request.Header == nil {
		request.Header = make(http.Header)
	}
	if user := t.proxy.User; user != nil {
		password, _ := user.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	if err := request.Write(conn); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	response, err := http.ReadResponse(bufio.NewReaderSize(conn, maxRefusal), request)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	response.Body.Close() // it has none
	if response.StatusCode != http.StatusOK {
		return &NegotiateError{StatusCode: response.StatusCode, Message: http.StatusText(response.StatusCode)}
	}
	return nil
}
