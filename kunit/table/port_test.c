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
#include <xtcp/net.h>
#include <xtcp/port.h>
#include <xtcp/sock.h>
#include "../calls.h"

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

	return call_bind(sock, &sin, sizeof(sin));
}

static int connect_to(struct socket *sock, u32 addr, u16 port)
{
	struct sockaddr_in sin = address(addr, port);

	return call_connect(sock, &sin, sizeof(sin), 0);
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

/* net.ipv4.ip_local_reserved_ports: for whom any port will do, and not for who asks for it. */
static void port_bind__not_a_reserved_port(struct kunit *test)
{
	unsigned long *reserved = init_net.ipv4.sysctl_local_reserved_ports;
	struct socket *sock = open_socket(test, 0);
	int err, chosen;

	set_range(test, sock, 45000, 45002);
	__set_bit(45000, reserved);
	__set_bit(45002, reserved);
	err = bind_to(sock, LOOPBACK, 0);
	chosen = bind_to(open_socket(test, 1), LOOPBACK, 45000);
	__clear_bit(45000, reserved);
	__clear_bit(45002, reserved);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, port_of(sock), 45001);
	KUNIT_EXPECT_EQ(test, chosen, 0);
}

/* SO_REUSEADDR is about a port chosen by number: bind() to 0 takes one that is free. */
static void port_bind__ephemeral_is_shared_with_no_one(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	set_range(test, one, 45000, 45000);
	set_range(test, two, 45000, 45000);
	sock_set_reuseaddr(one->sk);
	sock_set_reuseaddr(two->sk);
	KUNIT_EXPECT_EQ(test, bind_to(one, LOOPBACK, 0), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 0), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 45000), 0);
}

/* SO_REUSEADDR and SO_REUSEPORT count as they are when the other one comes. */
static void port_bind__options_set_later(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	KUNIT_EXPECT_EQ(test, bind_to(one, LOOPBACK, 4242), 0);
	sock_set_reuseaddr(two->sk);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 4242), -EADDRINUSE);
	sock_set_reuseaddr(one->sk);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 4242), 0);
	sock_set_reuseport(one->sk);
	sock_set_reuseport(two->sk);
	sock_set_reuseport(open_socket(test, 2)->sk);
	KUNIT_EXPECT_EQ(test, bind_to(((struct world *)test->priv)->sock[2],
				      INADDR_ANY, 4242), 0);
}

static void port_bind__who_listens_shares_no_more(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	sock_set_reuseaddr(one->sk);
	sock_set_reuseaddr(two->sk);
	KUNIT_EXPECT_EQ(test, bind_to(one, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, kernel_listen(one, 1), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 4242), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, bind_to(two, INADDR_ANY, 4242), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, kernel_sock_shutdown(one, SHUT_RDWR), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, INADDR_ANY, 4242), 0);
}

/* A device is of those that 0 means; bound again, a socket is where it is now. */
static void port_bind__devices(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *two = open_socket(test, 1);

	KUNIT_ASSERT_EQ(test, sock_bindtoindex(one->sk, LOOPBACK_IFINDEX, true), 0);
	KUNIT_EXPECT_EQ(test, bind_to(one, LOOPBACK, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 4242), -EADDRINUSE);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(two->sk, LOOPBACK_IFINDEX + 100, true), 0);
	KUNIT_EXPECT_EQ(test, bind_to(two, LOOPBACK, 4242), 0);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(one->sk, LOOPBACK_IFINDEX + 101, true), 0);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(open_socket(test, 2)->sk, LOOPBACK_IFINDEX,
					       true), 0);
	KUNIT_EXPECT_EQ(test, bind_to(((struct world *)test->priv)->sock[2],
				      INADDR_ANY, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 3), INADDR_ANY, 4242), -EADDRINUSE);
}

#if IS_ENABLED(CONFIG_IPV6)

/* ::, as @v6only; ::1; ::ffff:0.0.0.0; ::ffff:127.0.0.1; 0.0.0.0; 127.0.0.1; 127.0.0.2 */
enum place { ANY, ANY_V6ONLY, ONE6, MAPPED_ANY, MAPPED, ANY4, ONE4, OTHER4, PLACES };

static struct socket *open_at(struct kunit *test, int i, enum place place)
{
	struct world *w = test->priv;

	if (place >= ANY4)
		return open_socket(test, i);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, AF_INET6, SOCK_STREAM,
					       IPPROTO_XTCP, &w->sock[i]), 0);
	w->sock[i]->sk->sk_ipv6only = place == ANY_V6ONLY;
	return w->sock[i];
}

static int bind_sock_at(struct socket *sock, enum place place)
{
	static const u32 addrs[PLACES] = {
		[MAPPED] = LOOPBACK, [ONE4] = LOOPBACK, [OTHER4] = LOOPBACK + 1,
	};
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_port = htons(4242) };

	if (place >= ANY4)
		return bind_to(sock, addrs[place], 4242);
	if (place == ONE6)
		sin6.sin6_addr = in6addr_loopback;
	else if (place >= MAPPED_ANY)
		ipv6_addr_set_v4mapped(htonl(addrs[place]), &sin6.sin6_addr);
	return call_bind(sock, &sin6, sizeof(sin6));
}

static int bind_at(struct kunit *test, int i, enum place place)
{
	return bind_sock_at(open_at(test, i, place), place);
}

static void close_at(struct kunit *test, int i)
{
	struct world *w = test->priv;

	sock_release(w->sock[i]);
	w->sock[i] = NULL;
}

/* Each beside each, in both orders. */
static void port_bind__families(struct kunit *test)
{
	static const bool together[PLACES][PLACES] = {
		[ANY_V6ONLY] = { [MAPPED_ANY] = 1, [MAPPED] = 1, [ANY4] = 1, [ONE4] = 1,
				 [OTHER4] = 1 },
		[ONE6] = { [MAPPED_ANY] = 1, [MAPPED] = 1, [ANY4] = 1, [ONE4] = 1,
			   [OTHER4] = 1 },
		[MAPPED] = { [OTHER4] = 1 },
		[ONE4] = { [OTHER4] = 1 },
	};
	int a, b;

	for (a = 0; a < PLACES; a++) {
		for (b = 0; b < PLACES; b++) {
			KUNIT_ASSERT_EQ(test, bind_at(test, 0, a), 0);
			KUNIT_EXPECT_EQ_MSG(test, bind_at(test, 1, b),
					    together[a][b] || together[b][a] ? 0 :
					    -EADDRINUSE, "%d beside %d", b, a);
			close_at(test, 0);
			close_at(test, 1);
		}
	}
}

#else

static void port_bind__families(struct kunit *test)
{
	kunit_skip(test, "no IPv6");
}

#endif

/* Bound to all addresses, connected from one: the others are free, until it is over. */
static void port_bind__address_of_connect(struct kunit *test)
{
	struct socket *sock = open_socket(test, 0), *other = open_socket(test, 1);

	listen_at(test, 2, LOOPBACK, 4243);
	KUNIT_ASSERT_EQ(test, bind_to(sock, INADDR_ANY, 4242), 0);
	KUNIT_EXPECT_EQ(test, bind_to(other, LOOPBACK + 1, 4242), -EADDRINUSE);
	KUNIT_ASSERT_EQ(test, connect_to(sock, LOOPBACK, 4243), 0);
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 3), LOOPBACK, 4242), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, bind_to(other, LOOPBACK + 1, 4242), 0);
	KUNIT_ASSERT_EQ(test, call_disconnect(sock), 0);
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 4), LOOPBACK + 2, 4242), -EADDRINUSE);
}

static void port_bind__time_wait_is_of_one_address(struct kunit *test)
{
	struct world *w = test->priv;
	struct socket *child;

	sock_set_reuseaddr(listen_at(test, 0, LOOPBACK, 4343)->sk);
	KUNIT_ASSERT_EQ(test, connect_to(open_socket(test, 1), LOOPBACK, 4343), 0);
	KUNIT_ASSERT_EQ(test, kernel_accept(w->sock[0], &child, 0), 0);
	sock_release(child);
	sock_release(w->sock[1]);
	sock_release(w->sock[0]);
	w->sock[0] = NULL;
	w->sock[1] = NULL;
	schedule_timeout_uninterruptible(HZ / 10);
	KUNIT_EXPECT_EQ(test, bind_to(open_socket(test, 2), LOOPBACK, 4343), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, bind_to(w->sock[2], INADDR_ANY, 4343), -EADDRINUSE);
	KUNIT_EXPECT_EQ(test, bind_to(w->sock[2], LOOPBACK + 1, 4343), 0);
	sock_set_reuseaddr(open_socket(test, 3)->sk);
	KUNIT_EXPECT_EQ(test, bind_to(w->sock[3], LOOPBACK, 4343), 0);
}

/* --- what a bind() costs others -------------------------------------------------- */

#define OWNERS 4000

struct crowd {
	struct socket *sock[OWNERS];
	unsigned int count;
};

static void crowd_free(void *crowd)
{
	kvfree(crowd);
}

static struct crowd *make_crowd(struct kunit *test)
{
	struct crowd *crowd = kvzalloc(sizeof(*crowd), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, crowd_free, crowd), 0);
	return crowd;
}

/* Up to @count owners of port 4242 that share it, @apart from each other or not. */
static void grow(struct kunit *test, struct crowd *crowd, unsigned int count, bool apart)
{
	struct socket *sock;
	int err = 0;

	for (; !err && crowd->count < count; crowd->count++) {
		err = sock_create_kern(&init_net, AF_INET, SOCK_STREAM, IPPROTO_XTCP, &sock);
		if (err)
			break;
		crowd->sock[crowd->count] = sock;
		sock_set_reuseaddr(sock->sk);
		sock_set_reuseport(sock->sk);
		err = bind_to(sock, LOOPBACK + apart * crowd->count, 4242);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, err, 0);
}

static void disperse(struct crowd *crowd)
{
	while (crowd->count) {
		sock_release(crowd->sock[--crowd->count]);
		cond_resched();
	}
}

/* The steps of one more bind() to @addr, which ends with @err. */
static unsigned int steps(struct kunit *test, u32 addr, bool reuse, bool reuseport, int err)
{
	struct world *w = test->priv;
	unsigned int before;

	open_socket(test, 0);
	if (reuse)
		sock_set_reuseaddr(w->sock[0]->sk);
	if (reuseport)
		sock_set_reuseport(w->sock[0]->sk);
	before = xtcp_port_steps;
	KUNIT_EXPECT_EQ(test, bind_to(w->sock[0], addr, 4242), err);
	before = xtcp_port_steps - before;
	sock_release(w->sock[0]);
	w->sock[0] = NULL;
	return before;
}

struct cost {
	unsigned int free, taken, shared, any, any_shared, any_group;
};

static struct cost cost_of_bind(struct kunit *test)
{
	u32 other = LOOPBACK + OWNERS + 7;

	return (struct cost){
		.free = steps(test, other, false, false, 0),
		.taken = steps(test, LOOPBACK, false, false, -EADDRINUSE),
		.shared = steps(test, LOOPBACK, true, false, 0),
		.any = steps(test, INADDR_ANY, false, false, -EADDRINUSE),
		.any_shared = steps(test, INADDR_ANY, true, false, 0),
		.any_group = steps(test, INADDR_ANY, false, true, 0),
	};
}

static void same_cost(struct kunit *test, bool apart)
{
	struct crowd *crowd = make_crowd(test);
	struct cost few, many;

	grow(test, crowd, 10, apart);
	few = cost_of_bind(test);
	grow(test, crowd, OWNERS, apart);
	many = cost_of_bind(test);
	disperse(crowd);
	/* A tree of 4,000 is some 8 levels deeper; it is walked a few times. */
	KUNIT_EXPECT_LE(test, many.free, few.free + 40);
	KUNIT_EXPECT_LE(test, many.taken, few.taken + 40);
	KUNIT_EXPECT_LE(test, many.shared, few.shared + 40);
	KUNIT_EXPECT_LE(test, many.any, few.any + 40);
	KUNIT_EXPECT_LE(test, many.any_shared, few.any_shared + 40);
	KUNIT_EXPECT_LE(test, many.any_group, few.any_group + 40);
}

static void port_bind__many_addresses(struct kunit *test)
{
	same_cost(test, true);
}

/* As the accepted children of a listener are. */
static void port_bind__many_at_one_address(struct kunit *test)
{
	same_cost(test, false);
}

/* --- connect() ------------------------------------------------------------ */

/*
 * RFC 6056 algorithm 4: one of the next ports for the next connection to the same
 * peer. Not always the very next: others would know how many there were between.
 */
static void port_connect__goes_on_for_a_peer(struct kunit *test)
{
	unsigned int i, by, near = 0, next = 0;
	u16 port, last = 0;

	listen_at(test, 0, LOOPBACK, 4242);
	for (i = 1; i < SOCKETS; i++) {
		set_range(test, open_socket(test, i), 40000, 49999);
		KUNIT_ASSERT_EQ(test, connect_to(((struct world *)test->priv)->sock[i],
						 LOOPBACK, 4242), 0);
		port = port_of(((struct world *)test->priv)->sock[i]);
		KUNIT_EXPECT_GE(test, port, 40000);
		KUNIT_EXPECT_LE(test, port, 49999);
		by = (port + 10000 - last) % 10000;
		near += last && by >= 1 && by <= 8;
		next += last && by == 1;
		last = port;
	}
	/* Once in a while the row begins elsewhere. */
	KUNIT_EXPECT_GE(test, near, SOCKETS - 3);
	KUNIT_EXPECT_LT(test, next, SOCKETS - 2);
}

/* One counter of the namespace it is in, and none that another could look at. */
static void port_connect__counts_in_its_namespace(struct kunit *test)
{
	struct xtcp_net *xn = xtcp_net(&init_net);
	unsigned int i, moved = 0;
	u16 *before = kunit_kzalloc(test, sizeof(xn->port_counters), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, before);
	listen_at(test, 0, LOOPBACK, 4242);
	memcpy(before, xn->port_counters, sizeof(xn->port_counters));
	KUNIT_ASSERT_EQ(test, connect_to(open_socket(test, 1), LOOPBACK, 4242), 0);
	for (i = 0; i < XTCP_PORT_COUNTERS; i++)
		moved += xn->port_counters[i] != before[i];
	KUNIT_EXPECT_EQ(test, moved, 1);
}

/* RFC 6056: F is of the remote port, too; or one connection tells where the next begins. */
static void port_connect__other_port_starts_elsewhere(struct kunit *test)
{
	unsigned int i, apart = 0;
	struct world *w = test->priv;

	for (i = 0; i < 4; i++)
		listen_at(test, i, LOOPBACK, 4242 + i);
	for (i = 4; i < 8; i++) {
		set_range(test, open_socket(test, i), 33000, 59999);
		KUNIT_ASSERT_EQ(test, connect_to(w->sock[i], LOOPBACK, 4242 + i - 4), 0);
		if (i > 4)
			apart += abs(port_of(w->sock[i]) - port_of(w->sock[i - 1])) > 32;
	}
	KUNIT_EXPECT_GE(test, apart, 2);
}

/* Each half of the range is for one of the two calls, until it is used up. */
static void port_range__parity(struct kunit *test)
{
	int low, high;
	unsigned int i;

	listen_at(test, 0, LOOPBACK, 4242);
	for (i = 1; i < 5; i++) {
		KUNIT_ASSERT_EQ(test, bind_to(open_socket(test, i), LOOPBACK, 0), 0);
		KUNIT_ASSERT_EQ(test, connect_to(open_socket(test, i + 4), LOOPBACK, 4242), 0);
	}
	inet_get_local_port_range(&init_net, &low, &high);
	for (i = 1; i < 5; i++) {
		struct world *w = test->priv;

		KUNIT_EXPECT_EQ(test, (port_of(w->sock[i]) - low) & 1, 1);
		KUNIT_EXPECT_EQ(test, (port_of(w->sock[i + 4]) - low) & 1, 0);
	}
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

/* For as long as it is bound: after that it is as any other, whoever else is connected from it. */
static void port_connect__a_port_that_was_bound(struct kunit *test)
{
	struct world *w = test->priv;
	int i;

	listen_at(test, 0, LOOPBACK, 4242);
	listen_at(test, 1, LOOPBACK, 4243);
	for (i = 2; i < 4; i++)
		set_range(test, open_socket(test, i), 45000, 45000);
	KUNIT_ASSERT_EQ(test, connect_to(w->sock[2], LOOPBACK, 4242), 0);
	KUNIT_ASSERT_EQ(test, bind_to(open_socket(test, 4), LOOPBACK + 1, 45000), 0);
	KUNIT_EXPECT_EQ(test, connect_to(w->sock[3], LOOPBACK, 4243), -EADDRNOTAVAIL);
	sock_release(w->sock[4]);
	w->sock[4] = NULL;
	KUNIT_EXPECT_EQ(test, connect_to(w->sock[3], LOOPBACK, 4243), 0);
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

static struct sock *look_up(const struct xtcp_flow_key *key)
{
	struct xtcp_listener *l;
	struct sock *sk;

	rcu_read_lock();
	l = xtcp_listener_lookup(key, NULL);
	sk = l ? l->sk : NULL;
	rcu_read_unlock();
	return sk;
}

/* Of a segment that came in by @dif, a device of the VRF @sdif or of none. */
static struct sock *listener_by(u32 addr, u16 port, int dif, int sdif)
{
	struct xtcp_addrs4 addrs = { .local = htonl(addr), .remote = htonl(LOOPBACK) };

	return look_up(&(struct xtcp_flow_key){
		.net = &init_net,
		.addrs = &addrs,
		.local_port = htons(port),
		.remote_port = htons(999),
		.dif = dif,
		.sdif = sdif,
		.family = AF_INET,
		.protocol = IPPROTO_XTCP,
	});
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

/* The very address counts for more than the device. */
static void listener_lookup__address_before_device(struct kunit *test)
{
	struct socket *one = open_socket(test, 0), *any = open_socket(test, 1);

	sock_set_reuseport(one->sk);
	sock_set_reuseport(any->sk);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(any->sk, LOOPBACK_IFINDEX, true), 0);
	KUNIT_ASSERT_EQ(test, bind_to(any, INADDR_ANY, 4242), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(any, 1), 0);
	KUNIT_ASSERT_EQ(test, bind_to(one, LOOPBACK, 4242), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(one, 1), 0);
	KUNIT_EXPECT_PTR_EQ(test, listener_for(LOOPBACK, 4242), one->sk);
	KUNIT_EXPECT_PTR_EQ(test, listener_for(LOOPBACK + 1, 4242), any->sk);
	KUNIT_EXPECT_NULL(test, listener_by(LOOPBACK + 1, 4242, 77, 0));
}

#if IS_ENABLED(CONFIG_IPV6)

static struct sock *listener6_for(const struct in6_addr *addr, u16 port)
{
	struct xtcp_addrs6 addrs = { .local = *addr, .remote = in6addr_loopback };

	return look_up(&(struct xtcp_flow_key){
		.net = &init_net,
		.addrs = &addrs,
		.local_port = htons(port),
		.remote_port = htons(999),
		.dif = LOOPBACK_IFINDEX,
		.family = AF_INET6,
		.protocol = IPPROTO_XTCP,
	});
}

/* Listens at @place with SO_REUSEPORT; on @dev, if that is one. */
static struct sock *listen_beside(struct kunit *test, int i, enum place place, int dev)
{
	struct socket *sock = open_at(test, i, place);

	sock_set_reuseport(sock->sk);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(sock->sk, dev, true), 0);
	KUNIT_ASSERT_EQ(test, bind_sock_at(sock, place), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(sock, 1), 0);
	return sock->sk;
}

/* Of two listeners the one that is meant more: @first, in whatever order they came. */
static void expect_first(struct kunit *test, enum place first, int first_dev,
			 enum place second, int second_dev)
{
	struct sock *sk;
	int order;

	for (order = 0; order < 2; order++) {
		if (order)
			listen_beside(test, 1, second, second_dev);
		sk = listen_beside(test, 0, first, first_dev);
		if (!order)
			listen_beside(test, 1, second, second_dev);
		KUNIT_EXPECT_PTR_EQ_MSG(test, listener_for(LOOPBACK, 4242), sk,
					"%d on %d before %d on %d", first, first_dev, second,
					second_dev);
		close_at(test, 0);
		KUNIT_EXPECT_NOT_NULL(test, listener_for(LOOPBACK, 4242));
		close_at(test, 1);
		KUNIT_EXPECT_NULL(test, listener_for(LOOPBACK, 4242));
	}
}

/*
 * For IPv4: the very address before a wildcard, a device before none, an IPv4 socket before one
 * of IPv6, and its wildcard before that of all.
 */
static void listener_lookup__families(struct kunit *test)
{
	expect_first(test, ONE4, 0, MAPPED, 0);
	expect_first(test, ANY4, 0, MAPPED_ANY, 0);
	expect_first(test, ANY4, 0, ANY, 0);
	expect_first(test, MAPPED_ANY, 0, ANY, 0);
	expect_first(test, MAPPED, 0, ANY4, 0);
	expect_first(test, ONE4, 0, ANY, 0);
	expect_first(test, MAPPED, LOOPBACK_IFINDEX, ONE4, 0);
	expect_first(test, MAPPED_ANY, LOOPBACK_IFINDEX, ANY4, 0);
	expect_first(test, ANY, LOOPBACK_IFINDEX, ANY4, 0);
	expect_first(test, ONE4, 0, ANY, LOOPBACK_IFINDEX);
	expect_first(test, MAPPED, 0, ANY4, LOOPBACK_IFINDEX);
}

/* For IPv6: the very address first; who is of IPv6 only takes nothing of IPv4. */
static void listener_lookup__ipv6(struct kunit *test)
{
	struct sock *any, *one;

	any = listen_beside(test, 0, ANY_V6ONLY, LOOPBACK_IFINDEX);
	KUNIT_EXPECT_NULL(test, listener_for(LOOPBACK, 4242));
	KUNIT_EXPECT_PTR_EQ(test, listener6_for(&in6addr_loopback, 4242), any);
	one = listen_beside(test, 1, ONE6, 0);
	KUNIT_EXPECT_PTR_EQ(test, listener6_for(&in6addr_loopback, 4242), one);
	KUNIT_EXPECT_NULL(test, listener_for(LOOPBACK, 4242));
	close_at(test, 1);
	KUNIT_EXPECT_PTR_EQ(test, listener6_for(&in6addr_loopback, 4242), any);
	close_at(test, 0);
	listen_beside(test, 0, ANY4, 0);
	listen_beside(test, 1, MAPPED_ANY, 0);
	KUNIT_EXPECT_NULL(test, listener6_for(&in6addr_loopback, 4242));
}

#else

static void listener_lookup__families(struct kunit *test)
{
	kunit_skip(test, "no IPv6");
}

static void listener_lookup__ipv6(struct kunit *test)
{
	kunit_skip(test, "no IPv6");
}

#endif

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

/* Another of a SO_REUSEPORT group, bound to the device @dev or to none. */
static struct socket *join_at(struct kunit *test, int i, int dev)
{
	struct socket *sock = open_socket(test, i);

	sock_set_reuseport(sock->sk);
	if (dev)
		KUNIT_ASSERT_EQ(test, sock_bindtoindex(sock->sk, dev, true), 0);
	KUNIT_ASSERT_EQ(test, bind_to(sock, LOOPBACK, 4242), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(sock, 1), 0);
	return sock;
}

static unsigned int steps_by(int dif)
{
	unsigned int before = xtcp_listener_steps;

	listener_by(LOOPBACK, 4242, dif, 0);
	return xtcp_listener_steps - before;
}

/* A group, all at one place, is one step and a choice. */
static void listener_lookup__group(struct kunit *test)
{
	int i;

	for (i = 0; i < SOCKETS; i++)
		join_at(test, i, 0);
	KUNIT_EXPECT_LE(test, steps_for(LOOPBACK), 3);
}

/* The same where some are bound to a device: two groups, two steps, whoever is asked for. */
static void listener_lookup__group_and_devices(struct kunit *test)
{
	int i;

	for (i = 0; i < SOCKETS; i++)
		join_at(test, i, i % 2 ? 77 : 0);
	KUNIT_EXPECT_LE(test, steps_by(LOOPBACK_IFINDEX), 3);
	KUNIT_EXPECT_LE(test, steps_by(77), 3);
	KUNIT_EXPECT_LE(test, steps_by(78), 3);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, listener_by(LOOPBACK, 4242, 77, 0)->sk_bound_dev_if, 77);
		KUNIT_EXPECT_EQ(test, listener_by(LOOPBACK, 4242, 78, 0)->sk_bound_dev_if, 0);
	}
}

/* Whoever of a group leaves it, or goes to a device, the others are found as before. */
static void listener_lookup__group_changes(struct kunit *test)
{
	struct world *w = test->priv;
	struct socket *sock[4];
	int i;

	for (i = 0; i < 4; i++)
		sock[i] = join_at(test, i, 0);
	/* The first, by which the others were found. */
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(sock[0]->sk, 77, true), 0);
	KUNIT_EXPECT_PTR_EQ(test, listener_by(LOOPBACK, 4242, 77, 0), sock[0]->sk);
	KUNIT_EXPECT_EQ(test, listener_for(LOOPBACK, 4242)->sk_bound_dev_if, 0);
	KUNIT_ASSERT_EQ(test, sock_bindtoindex(sock[2]->sk, 77, true), 0);
	KUNIT_EXPECT_EQ(test, listener_by(LOOPBACK, 4242, 77, 0)->sk_bound_dev_if, 77);
	KUNIT_EXPECT_EQ(test, listener_for(LOOPBACK, 4242)->sk_bound_dev_if, 0);
	/* And away, one after the other. */
	for (i = 0; i < 2; i++) {
		sock_release(sock[i]);
		w->sock[i] = NULL;
	}
	KUNIT_EXPECT_PTR_EQ(test, listener_by(LOOPBACK, 4242, 77, 0), sock[2]->sk);
	KUNIT_EXPECT_PTR_EQ(test, listener_for(LOOPBACK, 4242), sock[3]->sk);
	sock_release(sock[2]);
	w->sock[2] = NULL;
	KUNIT_EXPECT_PTR_EQ(test, listener_by(LOOPBACK, 4242, 77, 0), sock[3]->sk);
	KUNIT_EXPECT_EQ(test, atomic_read(&xtcp_net(&init_net)->device_listeners), 0);
	sock_release(sock[3]);
	w->sock[3] = NULL;
	KUNIT_EXPECT_NULL(test, listener_for(LOOPBACK, 4242));
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
	KUNIT_CASE(port_bind__not_a_reserved_port),
	KUNIT_CASE(port_bind__ephemeral_is_shared_with_no_one),
	KUNIT_CASE(port_bind__options_set_later),
	KUNIT_CASE(port_bind__who_listens_shares_no_more),
	KUNIT_CASE(port_bind__devices),
	KUNIT_CASE(port_bind__families),
	KUNIT_CASE(port_bind__address_of_connect),
	KUNIT_CASE(port_bind__time_wait_is_of_one_address),
	KUNIT_CASE(port_bind__many_addresses),
	KUNIT_CASE(port_bind__many_at_one_address),
	KUNIT_CASE(port_connect__goes_on_for_a_peer),
	KUNIT_CASE(port_connect__counts_in_its_namespace),
	KUNIT_CASE(port_connect__other_port_starts_elsewhere),
	KUNIT_CASE(port_range__parity),
	KUNIT_CASE(port_connect__other_peer_starts_elsewhere),
	KUNIT_CASE(port_connect__all_of_the_range_and_no_more),
	KUNIT_CASE(port_connect__shares_port_for_two_peers),
	KUNIT_CASE(port_connect__not_a_bound_port),
	KUNIT_CASE(port_connect__a_port_that_was_bound),
	KUNIT_CASE(port_connect__not_a_reserved_port),
	KUNIT_CASE(port_connect__keeps_the_bound_port),
	KUNIT_CASE(port_listen__without_bind),
	KUNIT_CASE(listener_lookup__none),
	KUNIT_CASE(listener_lookup__bound_only),
	KUNIT_CASE(listener_lookup__most_specific),
	KUNIT_CASE(listener_lookup__gone_after_close),
	KUNIT_CASE(listener_lookup__vrf),
	KUNIT_CASE(listener_lookup__device),
	KUNIT_CASE(listener_lookup__address_before_device),
	KUNIT_CASE(listener_lookup__families),
	KUNIT_CASE(listener_lookup__ipv6),
	KUNIT_CASE_SLOW(listener_lookup__among_many),
	KUNIT_CASE(listener_lookup__group),
	KUNIT_CASE(listener_lookup__group_and_devices),
	KUNIT_CASE(listener_lookup__group_changes),
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
