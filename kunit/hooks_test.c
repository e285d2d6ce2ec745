// SPDX-License-Identifier: GPL-2.0
/* wire/hooks.c: the hooks of protocol 6 stand as long as someone needs them. */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/net.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <uapi/linux/xtcp.h>
#include <xtcp/hooks.h>
#include <xtcp/net.h>
#include <xtcp/sock.h>

enum { SERVER, CLIENT, CHILD, SOCKETS };

struct world {
	u8 family;
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

/* This host, @port or any. */
static int address(u8 family, __be16 port, struct sockaddr_storage *to)
{
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)to;
	struct sockaddr_in *sin = (struct sockaddr_in *)to;

	memset(to, 0, sizeof(*to));
	to->ss_family = family;
	sin->sin_port = port;		/* the same place in both */
	if (family == AF_INET)
		sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		sin6->sin6_addr = in6addr_loopback;
	return family == AF_INET ? sizeof(*sin) : sizeof(*sin6);
}

static void listen_on(struct kunit *test)
{
	struct world *w = test->priv;
	struct sockaddr_storage to;
	int len = address(w->family, 0, &to);

	open_socket(test, SERVER);
	KUNIT_ASSERT_EQ(test, kernel_bind(w->sock[SERVER], (struct sockaddr *)&to, len), 0);
	KUNIT_ASSERT_EQ(test, kernel_listen(w->sock[SERVER], 1), 0);
}

static void connect_to(struct kunit *test)
{
	struct world *w = test->priv;
	struct sockaddr_storage to;
	int len = address(w->family, inet_sk(w->sock[SERVER]->sk)->inet_sport, &to);

	open_socket(test, CLIENT);
	KUNIT_ASSERT_EQ(test, kernel_connect(w->sock[CLIENT], (struct sockaddr *)&to, len, 0), 0);
	KUNIT_ASSERT_EQ(test, kernel_accept(w->sock[SERVER], &w->sock[CHILD], 0), 0);
}

/* They go a moment later than who needed them. */
static bool gone_within_ms(unsigned int ms)
{
	for (; ms && READ_ONCE(net_of()->hooked); ms--)
		usleep_range(1000, 1100);
	return !READ_ONCE(net_of()->hooked);
}

static int init_family(struct kunit *test, u8 family)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	if (!w)
		return -ENOMEM;
	w->family = family;
	test->priv = w;
	return 0;
}

static int hooks_init(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_NETFILTER))
		kunit_skip(test, "no netfilter in this kernel");
	return init_family(test, AF_INET);
}

static int hooks_init6(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_NETFILTER) || !ipv6_mod_enabled())
		kunit_skip(test, "no netfilter or no IPv6 in this kernel");
	return init_family(test, AF_INET6);
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

#define CASES {								\
	KUNIT_CASE(hooks__come_with_the_port),				\
	KUNIT_CASE(hooks__stay_to_the_last_time_wait),			\
	KUNIT_CASE(hooks__come_again),					\
	{ }								\
}

static struct kunit_case cases[] = CASES;
static struct kunit_case cases6[] = CASES;

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

kunit_test_suites(&suite, &suite6);
