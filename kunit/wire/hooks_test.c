// SPDX-License-Identifier: GPL-2.0
/*
 * wire/hooks.c: the hooks of protocol 6 stand as long as someone needs them, and give
 * to the kernel's TCP what is its own.
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/kthread.h>
#include <linux/net.h>
#include <linux/tcp.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <uapi/linux/xtcp.h>
#include <xtcp/hooks.h>
#include <xtcp/net.h>
#include <xtcp/reserve.h>
#include <xtcp/sock.h>
#include "../calls.h"

enum { SERVER, CLIENT, CHILD, KERNELS, OTHER, RAW, SOCKETS };

struct world {
	u8 family;		/* of the sockets */
	u8 wire_family;
	struct socket *sock[SOCKETS];
};

static struct xtcp_net *net_of(void)
{
	return xtcp_net(&init_net);
}

static void set(struct kunit *test, int i, int name, int value)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, do_sock_setsockopt(w->sock[i], false, SOL_XTCP, name,
						 KERNEL_SOCKPTR(&value), sizeof(value)), 0);
}

static void open_socket(struct kunit *test, int i)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, w->family, SOCK_STREAM, IPPROTO_XTCP,
					       &w->sock[i]), 0);
	set(test, i, XTCP_WIRE_PROTOCOL, IPPROTO_TCP);
	set(test, i, XTCP_MSL_MS, 100);
}

static void close_socket(struct kunit *test, int i)
{
	struct world *w = test->priv;

	if (w->sock[i])
		sock_release(w->sock[i]);
	w->sock[i] = NULL;
}

/* This host, @port or any, as sockets of @family say it. */
static int address(const struct world *w, u8 family, __be16 port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *sin = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = family;
	sin->sin_port = port;		/* the same place in both */
	if (family == AF_INET)
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (w->wire_family == AF_INET)
		ipv6_addr_set_v4mapped(htonl(INADDR_LOOPBACK), &sin6->sin6_addr);
	else
		sin6->sin6_addr = in6addr_loopback;
	return family == AF_INET ? sizeof(*sin) : sizeof(*sin6);
}

static void listen_now(struct kunit *test)
{
	struct world *w = test->priv;
	struct sockaddr_storage to;
	int len = address(w, w->family, 0, &to);

	KUNIT_ASSERT_EQ(test, call_bind(w->sock[SERVER], &to, len), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(w->sock[SERVER], 1), 0);
}

static void listen_on(struct kunit *test)
{
	open_socket(test, SERVER);
	listen_now(test);
}

static void connect_to(struct kunit *test)
{
	struct world *w = test->priv;
	struct sockaddr_storage to;
	int len = address(w, w->family, inet_sk(w->sock[SERVER]->sk)->inet_sport, &to);

	open_socket(test, CLIENT);
	KUNIT_ASSERT_EQ(test, call_connect(w->sock[CLIENT], &to, len, 0), 0);
	KUNIT_ASSERT_EQ(test, kernel_accept(w->sock[SERVER], &w->sock[CHILD], 0), 0);
}

static void kernel_listens_at(struct kunit *test, __be16 port)
{
	struct world *w = test->priv;
	struct sockaddr_storage to;
	int len = address(w, w->family, port, &to);

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, w->family, SOCK_STREAM, IPPROTO_TCP,
					       &w->sock[KERNELS]), 0);
	KUNIT_ASSERT_EQ(test, call_bind(w->sock[KERNELS], &to, len), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(w->sock[KERNELS], 1), 0);
}

/* They go a moment later than who needed them. */
static bool gone_within_ms(unsigned int ms)
{
	for (; ms && READ_ONCE(net_of()->hooked); ms--)
		usleep_range(1000, 1100);
	return !READ_ONCE(net_of()->hooked);
}

static int init_family(struct kunit *test, u8 family, u8 wire_family)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	if (!w)
		return -ENOMEM;
	w->family = family;
	w->wire_family = wire_family;
	test->priv = w;
	return 0;
}

static int hooks_init(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_NETFILTER))
		kunit_skip(test, "no netfilter in this kernel");
	return init_family(test, AF_INET, AF_INET);
}

static int hooks_init6(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_NETFILTER) || !ipv6_mod_enabled())
		kunit_skip(test, "no netfilter or no IPv6 in this kernel");
	return init_family(test, AF_INET6, AF_INET6);
}

static int hooks_init_mapped(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_NETFILTER) || !ipv6_mod_enabled())
		kunit_skip(test, "no netfilter or no IPv6 in this kernel");
	return init_family(test, AF_INET6, AF_INET);
}

static void hooks_exit(struct kunit *test)
{
	int i;

	for (i = 0; test->priv && i < SOCKETS; i++)
		close_socket(test, i);
	gone_within_ms(3000);
}

/* Who has only said that it will speak protocol 6 needs none; bound, it does. */
static void hooks__come_with_the_port(struct kunit *test)
{
	KUNIT_EXPECT_FALSE(test, net_of()->hooked);
	open_socket(test, CLIENT);
	KUNIT_EXPECT_FALSE(test, net_of()->hooked);
	close_socket(test, CLIENT);
	listen_on(test);
	KUNIT_EXPECT_TRUE(test, net_of()->hooked);
	close_socket(test, SERVER);
	/* Whoever comes next within a second finds them still. */
	KUNIT_EXPECT_FALSE(test, gone_within_ms(500));
	KUNIT_EXPECT_TRUE(test, gone_within_ms(3000));
}

/* A child outlives its listener, its TIME_WAIT both; then nothing is left. */
static void hooks__stay_to_the_last_time_wait(struct kunit *test)
{
	listen_on(test);
	connect_to(test);
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->hook_users), 3);
	close_socket(test, SERVER);
	KUNIT_EXPECT_FALSE(test, gone_within_ms(50));
	close_socket(test, CHILD);
	close_socket(test, CLIENT);
	KUNIT_EXPECT_FALSE(test, gone_within_ms(50));
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->hook_users), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->time_waits), 1);
	KUNIT_EXPECT_TRUE(test, gone_within_ms(3000));
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->hook_users), 0);
}

/* And they come again with the next one. */
static void hooks__come_again(struct kunit *test)
{
	int i;

	for (i = 0; i < 3; i++) {
		listen_on(test);
		connect_to(test);
		KUNIT_EXPECT_TRUE(test, net_of()->hooked);
		close_socket(test, SERVER);
		close_socket(test, CHILD);
		close_socket(test, CLIENT);
		KUNIT_EXPECT_TRUE(test, gone_within_ms(3000));
	}
}

/* A socket whose next life speaks 253 needs them no more. */
static void hooks__not_of_who_speaks_253_now(struct kunit *test)
{
	struct world *w = test->priv;
	struct sockaddr_storage to;
	int len = address(w, w->family, 0, &to);

	listen_on(test);
	connect_to(test);
	KUNIT_ASSERT_EQ(test, call_disconnect(w->sock[CLIENT]), 0);
	set(test, CLIENT, XTCP_WIRE_PROTOCOL, IPPROTO_XTCP);
	KUNIT_ASSERT_EQ(test, call_bind(w->sock[CLIENT], &to, len), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->hook_users), 2);
	close_socket(test, CHILD);
	close_socket(test, SERVER);
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->hook_users), 0);
	KUNIT_EXPECT_TRUE(test, gone_within_ms(3000));
}

/* --- ports, kept from the kernel's TCP --------------------------------------------- */

struct binder {
	struct socket *sock;
	struct sockaddr_storage to;
	int len;
	int err;
	struct completion done;
};

static int bind_alone(void *data)
{
	struct binder *b = data;

	b->err = call_bind(b->sock, &b->to, b->len);
	complete_all(&b->done);
	return 0;
}

/* bind() waits for others of its namespace, for which it has a lock of its own. */
static void bind__waits_for_its_namespace(struct kunit *test)
{
	struct world *w = test->priv;
	struct task_struct *task;
	struct binder b = { };

	open_socket(test, SERVER);
	b.sock = w->sock[SERVER];
	b.len = address(w, w->family, 0, &b.to);
	init_completion(&b.done);
	mutex_lock(&net_of()->reserving);
	task = kthread_run(bind_alone, &b, "xtcp_binder");
	if (!IS_ERR(task))
		KUNIT_EXPECT_FALSE(test, wait_for_completion_timeout(&b.done, HZ / 10));
	mutex_unlock(&net_of()->reserving);
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	wait_for_completion(&b.done);
	KUNIT_EXPECT_EQ(test, b.err, 0);
}

/* bind() of a socket of the kernel's TCP, at all addresses. */
static int kernel_binds(u8 family, __be16 port, bool reuse)
{
	struct sockaddr_in6 any = { .sin6_family = family, .sin6_port = port };
	struct socket *sock;
	int err;

	err = sock_create_kern(&init_net, family, SOCK_STREAM, IPPROTO_TCP, &sock);
	if (err)
		return err;
	sock->sk->sk_reuse = reuse ? SK_CAN_REUSE : SK_NO_REUSE;
	err = call_bind(sock, &any, sizeof(any));
	sock_release(sock);
	return err;
}

static void expect_kernel_binds(struct kunit *test, __be16 port, int err)
{
	int reuse;

	for (reuse = 0; reuse < 2; reuse++) {
		KUNIT_EXPECT_EQ(test, kernel_binds(AF_INET, port, reuse), err);
		if (ipv6_mod_enabled())
			KUNIT_EXPECT_EQ(test, kernel_binds(AF_INET6, port, reuse), err);
	}
}

static void set_v6only(void *value)
{
#if IS_ENABLED(CONFIG_IPV6)
	init_net.ipv6.sysctl.bindv6only = !!value;
#endif
}

/* It is kept from both families, whatever net.ipv6.bindv6only makes of a socket of the kernel's. */
static void bind__keeps_the_port(struct kunit *test)
{
	struct world *w = test->priv;
	__be16 port;
	int v6only;

	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, set_v6only, NULL), 0);
	for (v6only = 0; v6only < 2; v6only++) {
		open_socket(test, SERVER);
		set_v6only(v6only ? test : NULL);
		listen_now(test);
		port = inet_sk(w->sock[SERVER]->sk)->inet_sport;
		expect_kernel_binds(test, port, -EADDRINUSE);
		close_socket(test, SERVER);
		xtcp_reserve_flush(net_of());
		expect_kernel_binds(test, port, 0);
		set_v6only(NULL);
	}
}

/* A port of protocol 6 is one thing, that of protocol 253 another: listeners and connections. */
static void bind__protocols_are_apart(struct kunit *test)
{
	struct sockaddr_storage to, from;
	struct world *w = test->priv;
	struct socket *client, *child;
	int len;

	listen_on(test);
	len = address(w, w->family, inet_sk(w->sock[SERVER]->sk)->inet_sport, &to);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, w->family, SOCK_STREAM, IPPROTO_XTCP,
					       &w->sock[OTHER]), 0);
	KUNIT_ASSERT_EQ(test, call_bind(w->sock[OTHER], &to, len), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(w->sock[OTHER], 1), 0);
	connect_to(test);
	/* The same addresses and ports once more. */
	address(w, w->family, inet_sk(w->sock[CLIENT]->sk)->inet_sport, &from);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, w->family, SOCK_STREAM, IPPROTO_XTCP,
					       &client), 0);
	KUNIT_EXPECT_EQ(test, call_bind(client, &from, len), 0);
	KUNIT_EXPECT_EQ(test, call_connect(client, &to, len, 0), 0);
	KUNIT_EXPECT_EQ(test, kernel_accept(w->sock[SERVER], &child, O_NONBLOCK), -EAGAIN);
	if (!kernel_accept(w->sock[OTHER], &child, O_NONBLOCK)) {
		sock_no_linger(child->sk);
		sock_release(child);
	} else {
		KUNIT_FAIL(test, "the listener of protocol 253 has no connection");
	}
	sock_release(client);
}

/* What was given back is free for the kernel's TCP when the flush is over. */
static void reserve_flush__frees(struct kunit *test)
{
	struct world *w = test->priv;
	__be16 port;

	listen_on(test);
	port = inet_sk(w->sock[SERVER]->sk)->inet_sport;
	close_socket(test, SERVER);
	xtcp_reserve_flush(net_of());
	KUNIT_EXPECT_TRUE(test, llist_empty(&net_of()->given_back));
	kernel_listens_at(test, port);
}

/* --- who gets a SYN that comes to a TIME_WAIT -------------------------------------- */

/* A connection whose server is in TIME_WAIT, and listens no more. */
struct past {
	__be16 client_port;
	__be16 server_port;
	u32 rcv_nxt;		/* of the TIME_WAIT */
};

static void live_and_end(struct kunit *test, struct past *past)
{
	struct world *w = test->priv;
	struct sock *client;

	listen_on(test);
	connect_to(test);
	client = w->sock[CLIENT]->sk;
	past->client_port = inet_sk(client)->inet_sport;
	past->server_port = inet_sk(client)->inet_dport;
	past->rcv_nxt = xtcp_sk(client)->tcb.snd_nxt + 1;
	close_socket(test, SERVER);
	close_socket(test, CHILD);
	close_socket(test, CLIENT);
	KUNIT_ASSERT_EQ(test, atomic_read(&net_of()->time_waits), 1);
	/* The port is free for the kernel's TCP. */
	xtcp_reserve_flush(net_of());
}

static __sum16 checksum(const struct world *w, const struct tcphdr *th)
{
	__wsum sum = csum_partial(th, sizeof(*th), 0);

	if (w->wire_family == AF_INET)
		return csum_tcpudp_magic(htonl(INADDR_LOOPBACK), htonl(INADDR_LOOPBACK),
					 sizeof(*th), IPPROTO_TCP, sum);
	return csum_ipv6_magic(&in6addr_loopback, &in6addr_loopback, sizeof(*th), IPPROTO_TCP,
			       sum);
}

/* The client's host begins anew from the same port. */
static void syn_comes(struct kunit *test, const struct past *past, u32 seq)
{
	struct world *w = test->priv;
	struct tcphdr th = {
		.source	= past->client_port,
		.dest	= past->server_port,
		.seq	= htonl(seq),
		.doff	= sizeof(th) / 4,
		.syn	= 1,
		.window	= htons(1000),
	};
	struct kvec vec = { .iov_base = &th, .iov_len = sizeof(th) };
	struct sockaddr_storage to;
	struct msghdr msg = { .msg_name = &to };

	th.check = checksum(w, &th);
	msg.msg_namelen = address(w, w->wire_family, 0, &to);
	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, w->wire_family, SOCK_RAW, IPPROTO_TCP,
					       &w->sock[RAW]), 0);
	KUNIT_EXPECT_EQ(test, kernel_sendmsg(w->sock[RAW], &msg, &vec, 1, sizeof(th)), sizeof(th));
	close_socket(test, RAW);
}

/* A new life begins where somebody listens; anyone can send a SYN. */
static void syn_at_time_wait__nobody_listens(struct kunit *test)
{
	struct past past;

	live_and_end(test, &past);
	syn_comes(test, &past, past.rcv_nxt + 1000);
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->time_waits), 1);
}

static void syn_at_time_wait__kernel_listens(struct kunit *test)
{
	struct past past;

	live_and_end(test, &past);
	kernel_listens_at(test, past.server_port);
	syn_comes(test, &past, past.rcv_nxt - 1000);
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->time_waits), 1);
	syn_comes(test, &past, past.rcv_nxt + 1000);
	KUNIT_EXPECT_EQ(test, atomic_read(&net_of()->time_waits), 0);
}

#define CASES {								\
	KUNIT_CASE(hooks__come_with_the_port),				\
	KUNIT_CASE(hooks__stay_to_the_last_time_wait),			\
	KUNIT_CASE(hooks__come_again),					\
	KUNIT_CASE(hooks__not_of_who_speaks_253_now),			\
	KUNIT_CASE(bind__waits_for_its_namespace),			\
	KUNIT_CASE(bind__keeps_the_port),				\
	KUNIT_CASE(bind__protocols_are_apart),				\
	KUNIT_CASE(reserve_flush__frees),				\
	KUNIT_CASE(syn_at_time_wait__nobody_listens),			\
	KUNIT_CASE(syn_at_time_wait__kernel_listens),			\
	{ }								\
}

static struct kunit_case cases[] = CASES;
static struct kunit_case cases6[] = CASES;
static struct kunit_case cases_mapped[] = CASES;

static struct kunit_suite suite = {
	.name = "xtcp_hooks",
	.init = hooks_init,
	.exit = hooks_exit,
	.test_cases = cases,
};

static struct kunit_suite suite6 = {
	.name = "xtcp_hooks6",
	.init = hooks_init6,
	.exit = hooks_exit,
	.test_cases = cases6,
};

static struct kunit_suite suite_mapped = {
	.name = "xtcp_hooks_mapped",
	.init = hooks_init_mapped,
	.exit = hooks_exit,
	.test_cases = cases_mapped,
};

kunit_test_suites(&suite, &suite6, &suite_mapped);
