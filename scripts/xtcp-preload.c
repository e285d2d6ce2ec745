// SPDX-License-Identifier: GPL-2.0
/*
 * LD_PRELOAD library of the command `xtcp run`: TCP sockets a program opens become xtcp sockets (IP protocol 253).
 *
 * Only socket() is looked at. A kernel whose xtcp cannot do a family answers EPROTONOSUPPORT: that socket stays TCP.
 * With XTCP_WHY in the environment each socket that is turned, or cannot be, is told on standard error.
 * With XTCP_WIRE=6 in the environment the sockets speak IP protocol 6, or 253 where it says so; else as the knob
 * wire_protocol has it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
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

/* As `xtcp run --why` tells it of the kernel's hook. errno stays. */
static int tell(int fd, int family, const char *what)
{
	int saved = errno;

	if (getenv("XTCP_WHY"))
		dprintf(STDERR_FILENO, "xtcp: %s(%d): a socket of %s %s\n", program_invocation_short_name,
			getpid(), family == AF_INET ? "IPv4" : "IPv6", what);
	errno = saved;
	return fd;
}

int socket(int family, int type, int protocol)
{
	socket_fn *next = (socket_fn *)dlsym(RTLD_NEXT, "socket");

	if (is_tcp(family, type, protocol)) {
		int saved = errno, fd = next(family, type, IPPROTO_XTCP);

		if (fd >= 0 || (errno != EPROTONOSUPPORT && errno != ESOCKTNOSUPPORT && errno != EAFNOSUPPORT)) {
			fd = with_wire_protocol(fd);
			return tell(fd, family, fd >= 0 ? "turned" : "refused");
		}
		errno = saved;
		tell(fd, family, "is TCP: the module does not do this family");
	}
	return next(family, type, protocol);
}
