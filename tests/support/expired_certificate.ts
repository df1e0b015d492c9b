/**
 * A certificate that no client accepts, with its key: it is self-signed, expired in 2020, and its name is another host's. Its key is public,
 * and protects nothing.
 *
 * @module
 */

/** The certificate and its private key, in PEM. */
export const EXPIRED = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBazCCARGgAwIBAgIBAjAKBggqhkjOPQQDAjAaMRgwFgYDVQQDDA9hbm90aGVy
LmV4YW1wbGUwHhcNMjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjAaMRgwFgYD
VQQDDA9hbm90aGVyLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARu
XkTQmJud5IeCrrrvTK6TYvgYgp/lRjc7QhIjBjgsu3t70fqwzMJKHsmVgcsUy3kQ
3zP36SAQmiaPBOhUUgWTo0gwRjAJBgNVHRMEAjAAMBoGA1UdEQQTMBGCD2Fub3Ro
ZXIuZXhhbXBsZTAdBgNVHQ4EFgQUpPIWtaTjcZoVCBbtiXUb/gCmuFUwCgYIKoZI
zj0EAwIDSAAwRQIhAKEYhD/g+THZIpfzEqj03NJZHp2l9vHtR/gjlTrMEkazAiBa
5onDwBR0A9iMEBH0Y8uTSnTjNNR0jC88wC5RMOaAog==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgFUr+070VrZuxK9mF
dfG9MUG/OXyhlfe95BRnQpJgCbWhRANCAARuXkTQmJud5IeCrrrvTK6TYvgYgp/l
Rjc7QhIjBjgsu3t70fqwzMJKHsmVgcsUy3kQ3zP36SAQmiaPBOhUUgWT
-----END PRIVATE KEY-----
`,
};
