// SPDX-License-Identifier: GPL-2.0
/* table/port.c, table/listener.c: bind(), listen() and the choice of a port for connect(). */

#include <kunit/test.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/net.h>
#include <net/ip.h>
#include <net/sock.h>
#include <xtcp/flow.h>
#include <xtcp/listener.h>
#include <xtcp/port.h>
#include <xtcp/sock.h>

#define SOCKETS 12

struct world {
	struct socket *sock[SOCKETS];
};

#define LOOPBACK 0x7f000001

static struct socket *open_socket(struct kunit *test, int i)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET, SOCK_STREAM,
					       IPPROTO_XTCP, &w->sock[i]), 0);
	return w->sock[i];
}

static struct sockaddr_in address(u32 addr, u16 port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(addr),
				     .sin_port = htons(port) };
}

static int bind_to(struct socket *sock, u32 addr, u16 port)
{
	struct sockaddr_in sin = address(addr, port);

	return kernel_bind(sock, (struct sockaddr *)&sin, sizeof(sin));
}

static int connect_to(struct socket *sock, u32 addr, u16 port)
{
	struct sockaddr_in sin = address(addr, port);

	return kernel_connect(sock, (struct sockaddr *)&sin, sizeof(sin), 0);
}

static u16 port_of(const struct socket *sock)
{
	return inet_sk(sock->sk)->inet_num;
}

/* The socket's own range of ports, inside of net.ipv4.ip_local_port_range. */
static void set_range(struct kunit *test, struct socket *sock, u16 low, u16 high)
{
	u32 range = (u32)high << 16 | low;

	KUNIT_ASSERT_EQ(test, do_sock_setsockopt(sock, false, SOL_IP, IP_LOCAL_PORT_RANGE,
						 KERNEL_SOCKPTR(&range), sizeof(range)), 0);
}

static int port_init(struct kunit *test)
{
	test->priv = kunit_kzalloc(test, sizeof(struct world), GFP_KERNEL);
	return test->priv ? 0 : -ENOMEM;
}

/* By RST, so that no TIME_WAIT record holds a port of the next test. */
static void port_exit(struct kunit *test)
{
	struct world *w = test->priv;
	int i;

	for (i = SOCKETS - 1; w && i >= 0; i--) {
		if (!w->sock[i])
			continue;
		sock_no_linger(w->sock[i]->sk);
		sock_release(w->sock[i]);
	}
	schedule_timeout_uninterruptible(HZ / 10);
}

static struct socket *listen_at(struct kunit *test, int i, u32 addr, u16 port)
{
	struct socket *sock = open_socket(test, i);

	KUNIT_ASSERT_EQ(test, bind_to(sock, addr, port), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(sock, 100), 0);
	return sock;
}

/* --- bind() --------------------------------------------------------------- */

static void port_bind__taken(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 0), LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 1), LOOPBACK, 4242), -EADDRINUSE);
}

static void port_bind__other_address(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 0), LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 1), LOOPBACK + 1, 4242), 0);
}

static void port_bind__any_address_overlaps_all(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 0), LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 1), INADDR_ANY, 4242), -EADDRINUSE);
}

static void port_bind__free_after_close(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 0), LOOPBACK, 4242), 0);
	sock_release(w->sock[0]);
	w->sock[0] = NULL;
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 1), LOOPBACK, 4242), 0);
}

/* SO_REUSEADDR: both may bind, and only one of them may listen. */
static void port_bind__reuseaddr(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	sock_set_reuseaddr(one->sk);
	sock_set_reuseaddr(two->sk);
	KUNIT_EXPECT_EQ(test, bind_to(one, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, kernel_listen(one, 1), 0);
	KUNIT_EXPECT_EQ(test, kernel_listen(two, 1), -EADDRINUSE);
}

/* SO_REUSEADDR of both sides is needed. */
static void port_bind__reuseaddr_of_one_only(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	sock_set_reuseaddr(two->sk);
	KUNIT_EXPECT_EQ(test, bind_to(one, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 4242), -EADDRINUSE);
}

static void port_bind__reuseport(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	sock_set_reuseport(one->sk);
	sock_set_reuseport(two->sk);
	KUNIT_EXPECT_EQ(test, bind_to(one, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, kernel_listen(one, 1), 0);
	KUNIT_EXPECT_EQ(test, kernel_listen(two, 1), 0);
}

static void port_bind__ephemeral_in_range(struct kunit *test)
{
	unsigned int i, seen = 0;

	for (i = 0; i < 4; i++) {
		struct socket *sock = open_socket(test, i);

		set_range(test, sock, 45000, 45003);
		KUNIT_EXPECT_EQ(test, bind_to(sock, LOOPBACK, 0), 0);
		KUNIT_ASSERT_GE(test, port_of(sock), 45000);
		KUNIT_ASSERT_LE(test, port_of(sock), 45003);
		seen |= 1 << (port_of(sock) - 45000);
	}
	KUNIT_EXPECT_EQ(test, seen, 0xf);
}

static void port_bind__ephemeral_exhausted(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	set_range(test, one, 45000, 45000);
	set_range(test, two, 45000, 45000);
	KUNIT_EXPECT_EQ(test, bind_to(one, LOOPBACK, 0), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 0), -EADDRINUSE);
}

/* --- connect() ------------------------------------------------------------ */

/* RFC 6056 algorithm 4: the next port for the next connection to the same peer. */
static void port_connect__counts_up_for_a_peer(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	listen_at(test, 2, LOOPBACK, 4242);
	set_range(test, one, 40000, 49999);
	set_range(test, two, 40000, 49999);
	KUNIT_ASSERT_EQ(test, connect_to(one, LOOPBACK, 4242), 0);
	KUNIT_ASSERT_EQ(test, connect_to(two, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_GE(test, port_of(one), 40000);
	KUNIT_EXPECT_LE(test, port_of(one), 49999);
	KUNIT_EXPECT_EQ(test, (port_of(two) - 40000), (port_of(one) - 40000 + 1) % 10000);
}

/* Ports of connections to other peers tell nothing of it. */
static void port_connect__other_peer_starts_elsewhere(struct kunit *test)
{
	unsigned int i, apart = 0;

	for (i = 0; i < 4; i++)
		listen_at(test, i, LOOPBACK + i, 4242);
	for (i = 0; i < 4; i++) {
		struct socket *sock = open_socket(test, 4 + i);

		set_range(test, sock, 33000, 59999);
		KUNIT_ASSERT_EQ(test, connect_to(sock, LOOPBACK + i, 4242), 0);
		if (i)
			apart += abs(port_of(sock) -
				     port_of(((struct world *)test->priv)->sock[3 + i])) > 8;
	}
	KUNIT_EXPECT_GE(test, apart, 2);
}

static void port_connect__all_of_the_range_and_no_more(struct kunit *test)
{
	unsigned int i, seen = 0;

	listen_at(test, 0, LOOPBACK, 4242);
	for (i = 1; i <= 4; i++) {
		struct socket *sock = open_socket(test, i);

		set_range(test, sock, 45000, 45003);
		KUNIT_ASSERT_EQ(test, connect_to(sock, LOOPBACK, 4242), 0);
		seen |= 1 << (port_of(sock) - 45000);
	}
	KUNIT_EXPECT_EQ(test, seen, 0xf);
	set_range(test, open_socket(test, 5), 45000, 45003);
	KUNIT_EXPECT_EQ(test, connect_to(((struct world *)test->priv)->sock[5],
					 LOOPBACK, 4242), -EADDRNOTAVAIL);
}

/* The same port serves two peers: the 4-tuples differ. */
static void port_connect__shares_port_for_two_peers(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	listen_at(test, 2, LOOPBACK, 4242);
	listen_at(test, 3, LOOPBACK, 4243);
	set_range(test, one, 45000, 45000);
	set_range(test, two, 45000, 45000);
	KUNIT_EXPECT_EQ(test, connect_to(one, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, connect_to(two, LOOPBACK, 4243), 0);
	KUNIT_EXPECT_EQ(test, port_of(one), port_of(two));
}

static void port_connect__not_a_bound_port(struct kunit *test)
{
	struct socket *sock = open_socket(test, 0);

	listen_at(test, 1, LOOPBACK, 4242);
	KUNIT_ASSERT_EQ(test, bind_to(open_socket(test, 2), LOOPBACK, 45000), 0);
	set_range(test, sock, 45000, 45001);
	KUNIT_ASSERT_EQ(test, connect_to(sock, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, port_of(sock), 45001);
}

/* net.ipv4.ip_local_reserved_ports */
static void port_connect__not_a_reserved_port(struct kunit *test)
{
	unsigned long *reserved = init_net.ipv4.sysctl_local_reserved_ports;
	struct socket *sock = open_socket(test, 0);
	int err;

	listen_at(test, 1, LOOPBACK, 4242);
	set_range(test, sock, 45000, 45002);
	__set_bit(45000, reserved);
	__set_bit(45002, reserved);
	err = connect_to(sock, LOOPBACK, 4242);
	__clear_bit(45000, reserved);
	__clear_bit(45002, reserved);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, port_of(sock), 45001);
}

static void port_connect__keeps_the_bound_port(struct kunit *test)
{
	struct socket *sock = open_socket(test, 0);

	listen_at(test, 1, LOOPBACK, 4242);
	KUNIT_ASSERT_EQ(test, bind_to(sock, LOOPBACK, 45005), 0);
	KUNIT_ASSERT_EQ(test, connect_to(sock, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, port_of(sock), 45005);
}

/* listen() without bind(): some port, and it can be reached there. */
static void port_listen__without_bind(struct kunit *test)
{
	struct socket *listener = open_socket(test, 0);

	KUNIT_ASSERT_EQ(test, kernel_listen(listener, 1), 0);
	KUNIT_EXPECT_NE(test, port_of(listener), 0);
	KUNIT_EXPECT_EQ(test, connect_to(open_socket(test, 1), LOOPBACK, port_of(listener)), 0);
}

/* --- listeners ------------------------------------------------------------ */

/* Of a segment that came in by @dif, a device of the VRF @sdif or of none. */
static struct sock *listener_by(u32 addr, u16 port, int dif, int sdif)
{
	struct xtcp_addrs4 addrs = { .local = htonl(addr), .remote = htonl(LOOPBACK) };
	struct xtcp_flow_key key = {
		.net = &init_net,
		.addrs = &addrs,
		.local_port = htons(port),
		.remote_port = htons(999),
		.dif = dif,
		.sdif = sdif,
		.family = AF_INET,
		.protocol = IPPROTO_XTCP,
	};
	struct xtcp_listener *l;
	struct sock *sk;

	rcu_read_lock();
	l = xtcp_listener_lookup(&key, NULL);
	sk = l ? l->sk : NULL;
	rcu_read_unlock();
	return sk;
}

static struct sock *listener_for(u32 addr, u16 port)
{
	return listener_by(addr, port, LOOPBACK_IFINDEX, 0);
}

static void listener_lookup__none(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, listener_for(LOOPBACK, 4242));
}

/* Bound is not listening. */
static void listener_lookup__bound_only(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, bind_to(open_socket(test, 0), LOOPBACK, 4242), 0);
	KUNIT_EXPECT_NULL(test, listener_for(LOOPBACK, 4242));
}

static void listener_lookup__most_specific(struct kunit *test)
{
	struct socket *any, *one = open_socket(test, 0);

	sock_set_reuseport(one->sk);
	KUNIT_ASSERT_EQ(test, bind_to(one, LOOPBACK, 4242), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(one, 1), 0);
	any = open_socket(test, 1);
	sock_set_reuseport(any->sk);
	KUNIT_ASSERT_EQ(test, bind_to(any, INADDR_ANY, 4242), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(any, 1), 0);
	KUNIT_EXPECT_PTR_EQ(test, listener_for(LOOPBACK, 4242), one->sk);
	KUNIT_EXPECT_PTR_EQ(test, listener_for(LOOPBACK + 7, 4242), any->sk);
	KUNIT_EXPECT_NULL(test, listener_for(LOOPBACK, 4243));
}

static void listener_lookup__gone_after_close(struct kunit *test)
{
	struct world *w = test->priv;

	listen_at(test, 0, LOOPBACK, 4242);
	KUNIT_EXPECT_NOT_NULL(test, listener_for(LOOPBACK, 4242));
	sock_release(w->sock[0]);
	w->sock[0] = NULL;
	KUNIT_EXPECT_NULL(test, listener_for(LOOPBACK, 4242));
}

/* VRFs are kept apart: who is bound to no device belongs to none of them. */
static void listener_lookup__vrf(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	struct socket *sock = listen_at(test, 0, LOOPBACK, 4242);

	KUNIT_EXPECT_NULL(test, listener_by(LOOPBACK, 4242, 77, 78));
	WRITE_ONCE(xn->knobs.l3mdev_accept, 1);
	KUNIT_EXPECT_PTR_EQ(test, listener_by(LOOPBACK, 4242, 77, 78), sock->sk);
	WRITE_ONCE(xn->knobs.l3mdev_accept, 0);
}

/* One bound to a device comes before one that is not. */
static void listener_lookup__device(struct kunit *test)
{
	struct socket *any = open_socket(test, 0), *lo = open_socket(test, 1);

	sock_set_reuseport(any->sk);
	sock_set_reuseport(lo->sk);
	KUNIT_ASSERT_EQ(test, bind_to(any, LOOPBACK, 4242), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(any, 1), 0);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(lo->sk, LOOPBACK_IFINDEX, true), 0);
	KUNIT_ASSERT_EQ(test, bind_to(lo, LOOPBACK, 4242), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(lo, 1), 0);
	KUNIT_EXPECT_PTR_EQ(test, listener_for(LOOPBACK, 4242), lo->sk);
	KUNIT_EXPECT_PTR_EQ(test, listener_by(LOOPBACK, 4242, 77, 0), any->sk);
	/* SO_BINDTODEVICE of a listener holds for the next SYN. */
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(any->sk, 77, true), 0);
	KUNIT_EXPECT_NULL(test, listener_by(LOOPBACK, 4242, 79, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&xtcp_net(&init_net)->device_listeners), 2);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(any->sk, 0, true), 0);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(lo->sk, 0, true), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&xtcp_net(&init_net)->device_listeners), 0);
}

static unsigned int steps_for(u32 addr)
{
	unsigned int before = xtcp_listener_steps;

	listener_for(addr, 4242);
	return xtcp_listener_steps - before;
}

/* How many others listen on the port, at their addresses, is nothing to a SYN. */
static void listener_lookup__among_many(struct kunit *test)
{
	const unsigned int count = 3000;
	struct socket **socks = kunit_kcalloc(test, count, sizeof(*socks), GFP_KERNEL);
	unsigned int i, all = 0;

	KUNIT_ASSERT_NOT_NULL(test, socks);
	listen_at(test, 0, LOOPBACK, 4242);
	for (i = 0; i < count; i++) {
		if (sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_XTCP, &socks[i]) ||
		    bind_to(socks[i], LOOPBACK + 1 + i, 4242) || kernel_listen(socks[i], 1))
			break;
	}
	KUNIT_EXPECT_EQ(test, i, count);
	for (i = 0; i < count && socks[i]; i++)
		all += steps_for(LOOPBACK + 1 + i);
	/* Some share a bucket; and each look-up is told where to stop. */
	KUNIT_EXPECT_LT(test, all, 5 * count);
	for (i = 0; i < count && socks[i]; i++)
		sock_release(socks[i]);
}

/* A group, all at one place, is one step and a choice. */
static void listener_lookup__group(struct kunit *test)
{
	struct socket *sock;
	int i;

	for (i = 0; i < SOCKETS; i++) {
		sock = open_socket(test, i);
		sock_set_reuseport(sock->sk);
		KUNIT_ASSERT_EQ(test, bind_to(sock, LOOPBACK, 4242), 0);
		KUNIT_ASSERT_EQ(test, kernel_listen(sock, 1), 0);
	}
	KUNIT_EXPECT_LE(test, steps_for(LOOPBACK), 3);
}

static void listener_next__each_once(struct kunit *test)
{
	unsigned int bucket = 0, skip = 0, seen = 0, i;
	struct xtcp_listener *l;

	for (i = 0; i < 5; i++)
		listen_at(test, i, LOOPBACK + i, 4242 + i / 2);
	rcu_read_lock();
	while ((l = xtcp_listener_next(&init_net, &bucket, &skip))) {
		for (i = 0; i < 5; i++)
			if (((struct world *)test->priv)->sock[i]->sk == l->sk)
				seen += 1 << (4 * i);
	}
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, seen, 0x11111);
}

static struct kunit_case port_cases[] = {
	KUNIT_CASE(port_bind__taken),
	KUNIT_CASE(port_bind__other_address),
	KUNIT_CASE(port_bind__any_address_overlaps_all),
	KUNIT_CASE(port_bind__free_after_close),
	KUNIT_CASE(port_bind__reuseaddr),
	KUNIT_CASE(port_bind__reuseaddr_of_one_only),
	KUNIT_CASE(port_bind__reuseport),
	KUNIT_CASE(port_bind__ephemeral_in_range),
	KUNIT_CASE(port_bind__ephemeral_exhausted),
	KUNIT_CASE(port_connect__counts_up_for_a_peer),
	KUNIT_CASE(port_connect__other_peer_starts_elsewhere),
	KUNIT_CASE(port_connect__all_of_the_range_and_no_more),
	KUNIT_CASE(port_connect__shares_port_for_two_peers),
	KUNIT_CASE(port_connect__not_a_bound_port),
	KUNIT_CASE(port_connect__not_a_reserved_port),
	KUNIT_CASE(port_connect__keeps_the_bound_port),
	KUNIT_CASE(port_listen__without_bind),
	KUNIT_CASE(listener_lookup__none),
	KUNIT_CASE(listener_lookup__bound_only),
	KUNIT_CASE(listener_lookup__most_specific),
	KUNIT_CASE(listener_lookup__gone_after_close),
	KUNIT_CASE(listener_lookup__vrf),
	KUNIT_CASE(listener_lookup__device),
	KUNIT_CASE_SLOW(listener_lookup__among_many),
	KUNIT_CASE(listener_lookup__group),
	KUNIT_CASE(listener_next__each_once),
	{ }
};

static struct kunit_suite port_suite = {
	.name = "xtcp_port",
	.init = port_init,
	.exit = port_exit,
	.test_cases = port_cases,
};

kunit_test_suite(port_suite);
