/* SPDX-License-Identifier: GPL-2.0 */
/* bind() and connect() of a socket in the kernel; from 6.19 on their address has a type of its own. */
#ifndef XTCP_KUNIT_CALLS_H
#define XTCP_KUNIT_CALLS_H

#include <linux/net.h>
#include <linux/socket.h>
#include <xtcp/compat.h>

static inline int call_bind(struct socket *sock, void *addr, int len)
{
	return kernel_bind(sock, (xtcp_sockaddr_t *)addr, len);
}

static inline int call_connect(struct socket *sock, void *addr, int len, int flags)
{
	return kernel_connect(sock, (xtcp_sockaddr_t *)addr, len, flags);
}

static inline int call_disconnect(struct socket *sock)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	return call_connect(sock, &none, sizeof(none), 0);
}

#endif
