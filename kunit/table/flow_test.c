// SPDX-License-Identifier: GPL-2.0
/* table/flow.c: one flow of a 4-tuple at every moment. */

#include <kunit/test.h>
#include <net/net_namespace.h>
#include <xtcp/flow.h>
#include <xtcp/wire.h>

/* Addresses of documentation (RFC 5737): no one else's. */
#define LOCAL	0xc0000201
#define REMOTE	0xc6336407

struct tuple {
	struct xtcp_addrs4 addrs;
	struct xtcp_flow_key key;
};

static struct xtcp_flow_key *key_of(struct tuple *t, u32 local, u16 local_port,
				    u32 remote, u16 remote_port)
{
	t->addrs.local = htonl(local);
	t->addrs.remote = htonl(remote);
	t->key = (struct xtcp_flow_key){
		.net = &init_net,
		.addrs = &t->addrs,
		.local_port = htons(local_port),
		.remote_port = htons(remote_port),
		.family = AF_INET,
		.protocol = IPPROTO_XTCP,
	};
	return &t->key;
}

static struct xtcp_flow *find(const struct xtcp_flow_key *key)
{
	struct xtcp_flow *flow;

	rcu_read_lock();
	flow = xtcp_flow_lookup(key);
	rcu_read_unlock();
	return flow;
}

/* Flows and keys of a test; a failed one leaves nothing in the table. */
struct world {
	struct xtcp_flow a, b, c;
	struct tuple t, u;
};

static int flow_init(struct kunit *test)
{
	struct world *w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);

	test->priv = w;
	if (!w)
		return -ENOMEM;
	key_of(&w->t, LOCAL, 1000, REMOTE, 80);
	xtcp_flow_init(&w->a, XTCP_FLOW_REQUEST, &w->t.key);
	xtcp_flow_init(&w->b, XTCP_FLOW_SOCKET, &w->t.key);
	xtcp_flow_init(&w->c, XTCP_FLOW_TIME_WAIT, &w->t.key);
	return 0;
}

static void flow_exit(struct kunit *test)
{
	struct world *w = test->priv;

	if (!w)
		return;
	xtcp_flow_remove(&w->a);
	xtcp_flow_remove(&w->b);
	xtcp_flow_remove(&w->c);
	synchronize_rcu();
}

static void flow_init__fills(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_EXPECT_EQ(test, w->a.kind, XTCP_FLOW_REQUEST);
	KUNIT_EXPECT_EQ(test, w->a.family, AF_INET);
	KUNIT_EXPECT_EQ(test, ntohs(w->a.local_port), 1000);
	KUNIT_EXPECT_EQ(test, ntohs(w->a.remote_port), 80);
	KUNIT_EXPECT_EQ(test, ntohl(w->a.addrs4.local), LOCAL);
	KUNIT_EXPECT_EQ(test, ntohl(w->a.addrs4.remote), REMOTE);
	KUNIT_EXPECT_PTR_EQ(test, read_pnet(&w->a.net), &init_net);
	KUNIT_EXPECT_FALSE(test, xtcp_flow_hashed(&w->a));
}

static void flow_lookup__empty(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_EXPECT_NULL(test, find(&w->t.key));
}

static void flow_insert__is_found(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&w->t.key), &w->a);
	KUNIT_EXPECT_TRUE(test, xtcp_flow_hashed(&w->a));
}

/* Each part of the 4-tuple matters, and its order. */
static void flow_lookup__other_tuples(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_EXPECT_NULL(test, find(key_of(&w->u, LOCAL + 1, 1000, REMOTE, 80)));
	KUNIT_EXPECT_NULL(test, find(key_of(&w->u, LOCAL, 1001, REMOTE, 80)));
	KUNIT_EXPECT_NULL(test, find(key_of(&w->u, LOCAL, 1000, REMOTE + 1, 80)));
	KUNIT_EXPECT_NULL(test, find(key_of(&w->u, LOCAL, 1000, REMOTE, 81)));
	KUNIT_EXPECT_NULL(test, find(key_of(&w->u, REMOTE, 80, LOCAL, 1000)));
}

static void flow_lookup__other_device(struct kunit *test)
{
	struct world *w = test->priv;

	w->t.key.dif = 7;
	xtcp_flow_init(&w->a, XTCP_FLOW_SOCKET, &w->t.key);
	KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&w->t.key), &w->a);
	w->t.key.dif = 8;
	KUNIT_EXPECT_NULL(test, find(&w->t.key));
	/* Device 8 belongs to VRF 7: bound to the VRF is good enough. */
	w->t.key.sdif = 7;
	KUNIT_EXPECT_PTR_EQ(test, find(&w->t.key), &w->a);
}

static void flow_insert__taken(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_EXPECT_EQ(test, xtcp_flow_insert(&w->b), -EADDRNOTAVAIL);
	KUNIT_EXPECT_FALSE(test, xtcp_flow_hashed(&w->b));
	KUNIT_EXPECT_PTR_EQ(test, find(&w->t.key), &w->a);
}

/*
 * Who is bound to a device takes what comes in by it, who is bound to none what comes in by any:
 * then one of them is enough, whichever came first.
 */
static void flow_insert__devices(struct kunit *test)
{
	static const int devices[] = { 0, 7, 8 };
	struct world *w = test->priv;
	unsigned int i, j;
	bool both;

	for (i = 0; i < ARRAY_SIZE(devices); i++) {
		for (j = 0; j < ARRAY_SIZE(devices); j++) {
			w->t.key.dif = devices[i];
			xtcp_flow_init(&w->a, XTCP_FLOW_SOCKET, &w->t.key);
			w->t.key.dif = devices[j];
			xtcp_flow_init(&w->b, XTCP_FLOW_SOCKET, &w->t.key);
			both = devices[i] && devices[j] && i != j;
			KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
			KUNIT_EXPECT_EQ_MSG(test, xtcp_flow_insert(&w->b), both ? 0 : -EADDRNOTAVAIL,
					    "%d beside %d", devices[j], devices[i]);
			xtcp_flow_remove(&w->a);
			xtcp_flow_remove(&w->b);
			synchronize_rcu();
		}
	}
}

static void flow_remove__succeeds_once(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_EXPECT_TRUE(test, xtcp_flow_remove(&w->a));
	KUNIT_EXPECT_FALSE(test, xtcp_flow_remove(&w->a));
	KUNIT_EXPECT_NULL(test, find(&w->t.key));
	KUNIT_EXPECT_FALSE(test, xtcp_flow_hashed(&w->a));
}

static void flow_remove__never_inserted(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_EXPECT_FALSE(test, xtcp_flow_remove(&w->a));
}

static void flow_insert__after_remove(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_ASSERT_TRUE(test, xtcp_flow_remove(&w->a));
	KUNIT_EXPECT_EQ(test, xtcp_flow_insert(&w->b), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&w->t.key), &w->b);
}

/* The life of a connection: request, socket, TIME_WAIT record. */
static void flow_replace__takes_the_place(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_EXPECT_TRUE(test, xtcp_flow_replace(&w->a, &w->b));
	KUNIT_EXPECT_PTR_EQ(test, find(&w->t.key), &w->b);
	KUNIT_EXPECT_FALSE(test, xtcp_flow_hashed(&w->a));
	KUNIT_EXPECT_FALSE(test, xtcp_flow_remove(&w->a));
	KUNIT_EXPECT_TRUE(test, xtcp_flow_replace(&w->b, &w->c));
	KUNIT_EXPECT_PTR_EQ(test, find(&w->t.key), &w->c);
	KUNIT_EXPECT_TRUE(test, xtcp_flow_remove(&w->c));
	KUNIT_EXPECT_NULL(test, find(&w->t.key));
}

/* The SYN-ACK timer removed the request: the third segment comes too late. */
static void flow_replace__of_what_is_gone(struct kunit *test)
{
	struct world *w = test->priv;

	KUNIT_ASSERT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_ASSERT_TRUE(test, xtcp_flow_remove(&w->a));
	KUNIT_EXPECT_FALSE(test, xtcp_flow_replace(&w->a, &w->b));
	KUNIT_EXPECT_FALSE(test, xtcp_flow_hashed(&w->b));
	KUNIT_EXPECT_NULL(test, find(&w->t.key));
}

/* 50 local ports, 20 remote ports, 20 addresses: some differ in one of them only. */
static struct xtcp_flow_key *nth_key(struct tuple *t, unsigned int i)
{
	return key_of(t, LOCAL, i % 50, REMOTE + i / 1000, i / 50 % 20);
}

/* Long chains: every one of them is found, replaced and removed. */
static void flow_table__many(struct kunit *test)
{
	const unsigned int n = 20000;
	struct xtcp_flow *flows = kvcalloc(2 * n, sizeof(*flows), GFP_KERNEL);
	unsigned int i, missing = 0;
	struct tuple t;

	KUNIT_ASSERT_NOT_NULL(test, flows);
	for (i = 0; i < n; i++) {
		nth_key(&t, i);
		xtcp_flow_init(&flows[i], XTCP_FLOW_SOCKET, &t.key);
		xtcp_flow_init(&flows[n + i], XTCP_FLOW_TIME_WAIT, &t.key);
		missing += xtcp_flow_insert(&flows[i]) != 0;
	}
	for (i = 0; i < n; i++)
		missing += find(nth_key(&t, i)) != &flows[i];
	for (i = 0; i < n; i += 2)
		missing += !xtcp_flow_replace(&flows[i], &flows[n + i]);
	for (i = 0; i < n; i++)
		missing += find(nth_key(&t, i)) !=
			   &flows[i % 2 ? i : n + i];
	for (i = 0; i < n; i++)
		missing += !xtcp_flow_remove(&flows[i % 2 ? i : n + i]);
	KUNIT_EXPECT_EQ(test, missing, 0);
	synchronize_rcu();
	kvfree(flows);
}

static unsigned int walk(const struct net *net, const struct xtcp_flow *first,
			 unsigned int n, unsigned int *others)
{
	unsigned int bucket = 0, skip = 0, seen = 0;
	struct xtcp_flow *flow;

	rcu_read_lock();
	while ((flow = xtcp_flow_next((struct net *)net, &bucket, &skip))) {
		if (flow >= first && flow < first + n)
			seen++;
		else
			(*others)++;
	}
	rcu_read_unlock();
	return seen;
}

static void flow_next__each_once(struct kunit *test)
{
	const unsigned int n = 5000;
	struct xtcp_flow *flows = kvcalloc(n, sizeof(*flows), GFP_KERNEL);
	unsigned int i, others = 0;
	struct tuple t;

	KUNIT_ASSERT_NOT_NULL(test, flows);
	for (i = 0; i < n; i++) {
		key_of(&t, LOCAL, i, REMOTE, 443);
		xtcp_flow_init(&flows[i], XTCP_FLOW_SOCKET, &t.key);
		xtcp_flow_insert(&flows[i]);
	}
	KUNIT_EXPECT_EQ(test, walk(&init_net, flows, n, &others), n);
	KUNIT_EXPECT_EQ(test, others, 0);
	for (i = 0; i < n; i++)
		xtcp_flow_remove(&flows[i]);
	KUNIT_EXPECT_EQ(test, walk(&init_net, flows, n, &others), 0);
	synchronize_rcu();
	kvfree(flows);
}

/* --- IPv6 ------------------------------------------------------------------- */

/* 2001:db8::1 to 2001:db8::@remote, ports of the IPv4 tuple. */
static struct xtcp_flow_key key6_of(struct xtcp_addrs6 *addrs, u8 remote)
{
	*addrs = (struct xtcp_addrs6){
		.local = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } },
		.remote = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = remote } } },
	};
	return (struct xtcp_flow_key){
		.net = &init_net,
		.addrs = addrs,
		.local_port = htons(1000),
		.remote_port = htons(80),
		.family = AF_INET6,
	};
}

/* The addresses lie in front, in memory of the family's cache. */
static void flow_ipv6__is_found(struct kunit *test)
{
	struct world *w = test->priv;
	struct xtcp_flow_cache cache;
	struct xtcp_addrs6 addrs, other;
	struct xtcp_flow_key key = key6_of(&addrs, 2), not = key6_of(&other, 3);
	struct xtcp_flow *flow;

	KUNIT_ASSERT_EQ(test, xtcp_flow_cache_init(&cache, "xtcp_test", "xtcp_test6",
						   sizeof(*flow)), 0);
	flow = xtcp_flow_cache_alloc(&cache, AF_INET6, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, flow);
	xtcp_flow_init(flow, XTCP_FLOW_REQUEST, &key);
	KUNIT_EXPECT_EQ(test, xtcp_flow_insert(flow), 0);
	KUNIT_EXPECT_EQ(test, xtcp_flow_insert(&w->a), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), flow);
	KUNIT_EXPECT_NULL(test, find(&not));
	KUNIT_EXPECT_PTR_EQ(test, find(&w->t.key), &w->a);
	KUNIT_EXPECT_TRUE(test, xtcp_flow_remove(flow));
	KUNIT_EXPECT_NULL(test, find(&key));
	synchronize_rcu();
	xtcp_flow_cache_free(&cache, flow);
	xtcp_flow_cache_exit(&cache);
}

/* A link-local tuple means something else on each device. */
static void flow_ipv6__one_tuple_on_two_devices(struct kunit *test)
{
	struct {
		struct xtcp_flow flow;
		struct xtcp_addrs6 addrs;
	} one, other;
	struct xtcp_addrs6 addrs;
	struct xtcp_flow_key key = key6_of(&addrs, 2);

	BUILD_BUG_ON(offsetof(typeof(one), addrs) != sizeof(struct xtcp_flow));
	key.dif = 1;
	xtcp_flow_init(&one.flow, XTCP_FLOW_SOCKET, &key);
	key.dif = 2;
	xtcp_flow_init(&other.flow, XTCP_FLOW_SOCKET, &key);
	KUNIT_EXPECT_EQ(test, xtcp_flow_insert(&one.flow), 0);
	KUNIT_EXPECT_EQ(test, xtcp_flow_insert(&other.flow), 0);
	KUNIT_EXPECT_PTR_EQ(test, find(&key), &other.flow);
	key.dif = 1;
	KUNIT_EXPECT_PTR_EQ(test, find(&key), &one.flow);
	xtcp_flow_remove(&one.flow);
	xtcp_flow_remove(&other.flow);
	synchronize_rcu();
}

static struct kunit_case flow_cases[] = {
	KUNIT_CASE(flow_init__fills),
	KUNIT_CASE(flow_lookup__empty),
	KUNIT_CASE(flow_lookup__other_tuples),
	KUNIT_CASE(flow_lookup__other_device),
	KUNIT_CASE(flow_insert__is_found),
	KUNIT_CASE(flow_insert__taken),
	KUNIT_CASE(flow_insert__devices),
	KUNIT_CASE(flow_insert__after_remove),
	KUNIT_CASE(flow_remove__succeeds_once),
	KUNIT_CASE(flow_remove__never_inserted),
	KUNIT_CASE(flow_replace__takes_the_place),
	KUNIT_CASE(flow_replace__of_what_is_gone),
	KUNIT_CASE(flow_table__many),
	KUNIT_CASE(flow_next__each_once),
	KUNIT_CASE(flow_ipv6__is_found),
	KUNIT_CASE(flow_ipv6__one_tuple_on_two_devices),
	{ }
};

static struct kunit_suite flow_suite = {
	.name = "xtcp_flow",
	.init = flow_init,
	.exit = flow_exit,
	.test_cases = flow_cases,
};

kunit_test_suite(flow_suite);
