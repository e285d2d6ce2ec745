// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOAD library of the command `xtcp run`: TCP sockets a program opens become xtcp sockets (IP protocol 253).
 *
 * Only socket() is looked at. A kernel whose xtcp cannot do a family answers EPROTONOSUPPORT: that socket stays TCP.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define IPPROTO_XTCP 253

typedef int socket_fn(int family, int type, int protocol);

static int is_tcp(int family, int type, int protocol)
{
	return (family == AF_INET || family == AF_INET6) &&
	       (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM &&
	       (protocol == 0 || protocol == IPPROTO_TCP);
}

int socket(int family, int type, int protocol)
{
	socket_fn *next = (socket_fn *)dlsym(RTLD_NEXT, "socket");

	if (is_tcp(family, type, protocol)) {
		int saved = errno, fd = next(family, type, IPPROTO_XTCP);

		if (fd >= 0 || (errno != EPROTONOSUPPORT && errno != ESOCKTNOSUPPORT && errno != EAFNOSUPPORT))
			return fd;
		errno = saved;
	}
	return next(family, type, protocol);
}
