// SPDX-License-Identifier: GPL-2.0
/*
 * Two CPUs: a segment finds a socket, and before it gets there the socket has become
 * something else. One thread changes it without rest, the other sends SYNs to where it
 * was; a filter that dissects each segment some hundred times makes the moment between
 * look-up and lock a long one.
 *
 *	stale connection SECONDS	a connection that becomes a listener
 *	stale port SECONDS		a listener that moves to another port
 *	stale protocol SECONDS		a listener that moves to another protocol on the wire
 *
 * Prints what it did; status 1 if a segment was taken for what it was not meant for.
 * Needs no privilege but that of wire protocol 6 for the last.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { XTCP = 253, SOL_XTCP = 253, XTCP_WIRE_PROTOCOL = 9, FILTER_LEN = 100 };
enum { PORT_A = 41001, PORT_B = 41002, PORT_ELSEWHERE = 41003 };	/* all of ip_local_port_range */

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

static atomic_bool over;
static unsigned long tries, calls, hits;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static struct sockaddr_in at(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void set(int s, int level, int name, int value)
{
	if (setsockopt(s, level, name, &value, sizeof(value)))
		die("setsockopt");
}

static int state_of(int s)
{
	struct tcp_info info = { };
	socklen_t len = sizeof(info);

	return getsockopt(s, SOL_TCP, TCP_INFO, &info, &len) ? -1 : info.tcpi_state;
}

static int new_socket(void)
{
	struct linger linger = { 1, 0 };
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, XTCP);

	if (s < 0)
		die("socket");
	set(s, SOL_SOCKET, SO_REUSEADDR, 1);
	setsockopt(s, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return s;
}

static int bound_to(int port)
{
	struct sockaddr_in addr = at(port);
	int s = new_socket();

	if (bind(s, (void *)&addr, sizeof(addr)))
		die("bind");
	return s;
}

static void slow_down(int s)
{
	static struct sock_filter steps[FILTER_LEN + 1];
	struct sock_fprog prog = { .len = FILTER_LEN + 1, .filter = steps };
	int i;

	for (i = 0; i < FILTER_LEN; i++)
		steps[i] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
							SKF_AD_OFF + SKF_AD_PAY_OFFSET);
	steps[FILTER_LEN] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0xffff);
	if (setsockopt(s, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)))
		die("SO_ATTACH_FILTER");
}

static void disconnect(int s)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	connect(s, &none, sizeof(none));
}

/* --- SYNs ------------------------------------------------------------------- */

/* From B to A, each the only segment of its connection. */
static void *call_from_one_port(void *arg)
{
	struct sockaddr_in to = at(PORT_A);
	int s = bound_to(PORT_B);

	(void)arg;
	pin(1);
	for (; !over; calls++) {
		connect(s, (void *)&to, sizeof(to));
		disconnect(s);
	}
	close(s);
	return NULL;
}

static void *call_from_any_port(void *arg)
{
	struct sockaddr_in to = at(PORT_A);
	struct pollfd wait;

	(void)arg;
	pin(1);
	for (; !over; calls++) {
		wait = (struct pollfd){ .fd = new_socket(), .events = POLLOUT };
		if (connect(wait.fd, (void *)&to, sizeof(to)) && errno == EINPROGRESS)
			poll(&wait, 1, 10);
		close(wait.fd);
	}
	return NULL;
}

/* --- what they are for --------------------------------------------------------- */

/* A, connecting to B, then listening: nobody may make a connection of the listener. */
static void become_listener(double end)
{
	struct sockaddr_in to = at(PORT_B);
	int i, s = bound_to(PORT_A);

	slow_down(s);
	while (now() < end && !hits) {
		tries++;
		connect(s, (void *)&to, sizeof(to));
		disconnect(s);
		if (listen(s, 1))
			continue;
		for (i = 0; i < 20 && !hits; i++)
			hits += state_of(s) != TCP_LISTEN;
		shutdown(s, SHUT_RDWR);
		disconnect(s);
	}
	close(s);
}

static unsigned int accept_all(int s)
{
	unsigned int n = 0;
	int child;

	while ((child = accept(s, NULL, NULL)) >= 0) {
		n++;
		close(child);
	}
	return n;
}

static void pause_us(int us)
{
	double end = now() + us / 1e6;

	while (now() < end)
		;
}

/* On @port by @protocol; the port is chosen by listen(), out of a range of one. */
static int listen_on(int s, int port, int protocol)
{
	set(s, SOL_IP, IP_LOCAL_PORT_RANGE, port << 16 | port);
	set(s, SOL_XTCP, XTCP_WIRE_PROTOCOL, protocol);
	if (listen(s, 64))
		return -1;
	tries++;
	return 0;
}

/*
 * Now where SYNs go, now elsewhere, where none ever go: whoever is accepted there was
 * on his way to the former place. A SYN of protocol 253 is never for protocol 6.
 */
static void move(double end, int elsewhere, int protocol)
{
	struct sockaddr_in addr = at(0);
	int s = new_socket();

	set(s, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (bind(s, (void *)&addr, sizeof(addr)))
		die("bind");
	slow_down(s);
	while (now() < end && !hits) {
		if (!listen_on(s, PORT_A, XTCP)) {
			pause_us(rand() % 60);
			accept_all(s);
			shutdown(s, SHUT_RDWR);
		}
		if (!listen_on(s, elsewhere, protocol)) {
			pause_us(3000);	/* a handshake, filters and all */
			hits += accept_all(s);
			shutdown(s, SHUT_RDWR);
		}
	}
	close(s);
}

int main(int argc, char **argv)
{
	const char *what = argc == 3 ? argv[1] : "";
	double begin = now(), end = begin + (argc == 3 ? atof(argv[2]) : 0);
	void *(*caller)(void *) = call_from_any_port;
	pthread_t thread;

	if (!strcmp(what, "connection"))
		caller = call_from_one_port;
	else if (strcmp(what, "port") && strcmp(what, "protocol"))
		return fprintf(stderr, "usage: stale connection|port|protocol SECONDS\n"), 2;
	pin(0);
	if (pthread_create(&thread, NULL, caller, NULL))
		die("pthread_create");
	if (caller == call_from_one_port)
		become_listener(end);
	else if (!strcmp(what, "port"))
		move(end, PORT_ELSEWHERE, XTCP);
	else
		move(end, PORT_A, IPPROTO_TCP);
	over = 1;
	pthread_join(thread, NULL);
	printf("%s: %lu changes, %lu SYNs, %.1f s, %s\n", what, tries, calls, now() - begin,
	       hits ? "HIT: a segment was taken for what it was not meant for" : "no hit");
	return hits > 0;
}
