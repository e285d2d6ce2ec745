// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOAD library of the command `xtcp run`: TCP sockets a program opens become xtcp sockets (IP protocol 253).
 *
 * Only socket() is looked at. A kernel whose xtcp cannot do a family answers EPROTONOSUPPORT: that socket stays TCP.
 * With XTCP_WIRE=6 in the environment the sockets speak IP protocol 6, or 253 where it says so; else as the knob
 * wire_protocol has it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define IPPROTO_XTCP 253
#define SOL_XTCP 253
#define XTCP_WIRE_PROTOCOL 9

typedef int socket_fn(int family, int type, int protocol);

static int is_tcp(int family, int type, int protocol)
{
	return (family == AF_INET || family == AF_INET6) &&
	       (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM &&
	       (protocol == 0 || protocol == IPPROTO_TCP);
}

static int with_wire_protocol(int fd)
{
	const char *wire = getenv("XTCP_WIRE");
	int saved, protocol;

	if (fd < 0 || !wire)
		return fd;
	protocol = atoi(wire);
	if (setsockopt(fd, SOL_XTCP, XTCP_WIRE_PROTOCOL, &protocol, sizeof(protocol)) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

int socket(int family, int type, int protocol)
{
	socket_fn *next = (socket_fn *)dlsym(RTLD_NEXT, "socket");

	if (is_tcp(family, type, protocol)) {
		int saved = errno, fd = next(family, type, IPPROTO_XTCP);

		if (fd >= 0 || (errno != EPROTONOSUPPORT && errno != ESOCKTNOSUPPORT && errno != EAFNOSUPPORT))
			return with_wire_protocol(fd);
		errno = saved;
	}
	return next(family, type, protocol);
}
