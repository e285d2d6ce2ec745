// SPDX-License-Identifier: GPL-2.0
/*
 * The flow table: one hash table for all namespaces, of fixed size, chains
 * ending in a nulls marker that names their bucket, so that a reader carried
 * into another chain by a socket that moved starts again.
 */

#include <linux/in.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rculist_nulls.h>
#include <linux/rcupdate_wait.h>
#include <linux/siphash.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <net/l3mdev.h>
#include <xtcp/compat.h>
#include <xtcp/flow.h>
#include <xtcp/net.h>

static unsigned int flow_buckets;
module_param(flow_buckets, uint, 0444);
MODULE_PARM_DESC(flow_buckets, "buckets of the flow table, a power of two (default: by memory)");

#define FLOW_LOCKS 1024U

static struct {
	struct hlist_nulls_head *heads;
	spinlock_t *locks;
	unsigned int mask;
	unsigned int lock_mask;
	hsiphash_key_t secret;
} flows __read_mostly;

/*
 * A keyed hash, whose result no one sees: hsiphash was made for tables like this one, and
 * does half the rounds of siphash.
 */
static unsigned int bucket_of(const struct net *net, const void *addrs, u8 family,
			      u8 protocol, __be16 local_port, __be16 remote_port)
{
	u32 ports = (u32)(__force u16)local_port << 16 | (__force u16)remote_port;
	u32 mix = net_hash_mix(net) ^ protocol;
	const struct xtcp_addrs4 *v4 = addrs;

	if (family == AF_INET)
		return hsiphash_4u32((__force u32)v4->local, (__force u32)v4->remote, ports,
				     mix, &flows.secret) & flows.mask;
	return hsiphash_3u32(hsiphash(addrs, sizeof(struct xtcp_addrs6), &flows.secret),
			     ports, mix, &flows.secret) & flows.mask;
}

static unsigned int flow_bucket(const struct xtcp_flow *flow)
{
	return bucket_of(read_pnet(&flow->net), xtcp_flow_addrs(flow), flow->family,
			 flow->protocol, flow->local_port, flow->remote_port);
}

static spinlock_t *bucket_lock(unsigned int bucket)
{
	return &flows.locks[bucket & flows.lock_mask];
}

static bool same_addrs(const struct xtcp_flow *flow, const void *addrs)
{
	const struct xtcp_addrs6 *v6 = addrs;
	const struct xtcp_addrs4 *v4 = addrs;

	if (flow->family == AF_INET)
		return flow->addrs4.local == v4->local && flow->addrs4.remote == v4->remote;
	return !memcmp(xtcp_flow_addrs(flow), v6, sizeof(*v6));
}

/* Ports first, in which chains differ most. */
static inline bool same_tuple(const struct xtcp_flow *flow, const struct net *net,
			      const void *addrs, u8 family, u8 protocol,
			      __be16 local_port, __be16 remote_port)
{
	return flow->local_port == local_port && flow->remote_port == remote_port &&
	       flow->family == family && flow->protocol == protocol &&
	       same_addrs(flow, addrs) && net_eq(read_pnet(&flow->net), net);
}

int xtcp_flow_device_score(int bound_dev_if, const struct xtcp_flow_key *key)
{
	if (bound_dev_if)
		return bound_dev_if == key->dif || bound_dev_if == key->sdif ? 2 : 0;
	return !key->sdif || xtcp_knob(xtcp_net(key->net), l3mdev_accept);
}

static bool matches(const struct xtcp_flow *flow, const struct xtcp_flow_key *key)
{
	return same_tuple(flow, key->net, key->addrs, key->family, key->protocol,
			  key->local_port, key->remote_port) &&
	       xtcp_flow_device_score(flow->bound_dev_if, key);
}

void xtcp_flow_init(struct xtcp_flow *flow, enum xtcp_flow_kind kind,
		    const struct xtcp_flow_key *key)
{
	memset(flow, 0, sizeof(*flow));
	flow->kind = kind;
	flow->family = key->family;
	flow->protocol = key->protocol;
	flow->local_port = key->local_port;
	flow->remote_port = key->remote_port;
	flow->bound_dev_if = key->dif;
	write_pnet(&flow->net, key->net);
	memcpy(xtcp_flow_addrs(flow), key->addrs, xtcp_flow_addrs_len(key->family));
}

struct xtcp_flow *xtcp_flow_lookup(const struct xtcp_flow_key *key)
{
	unsigned int bucket = bucket_of(key->net, key->addrs, key->family, key->protocol,
					key->local_port, key->remote_port);
	const struct hlist_nulls_node *node;
	struct xtcp_flow *flow;

begin:
	hlist_nulls_for_each_entry_rcu(flow, node, &flows.heads[bucket], node) {
		if (matches(flow, key))
			return flow;
	}
	if (get_nulls_value(node) != bucket)
		goto begin;
	return NULL;
}

/* Does @one take what comes in by the device @other, or its VRF? 0: no device. */
static bool device_covers(const struct xtcp_flow *one, int other)
{
	struct net *net = read_pnet(&one->net);
	struct xtcp_flow_key key = {
		.net	= net,
		.dif	= other,
		.sdif	= other ? l3mdev_master_ifindex_by_index(net, other) : 0,
	};

	return xtcp_flow_device_score(one->bound_dev_if, &key);
}

/* May a segment be for both, whatever its addresses? VRFs are kept apart. */
static bool devices_overlap(const struct xtcp_flow *one, const struct xtcp_flow *other)
{
	return one->bound_dev_if == other->bound_dev_if ||
	       device_covers(one, other->bound_dev_if) ||
	       device_covers(other, one->bound_dev_if);
}

/* Bucket lock held. */
static bool taken(const struct xtcp_flow *new, unsigned int bucket)
{
	const struct hlist_nulls_node *node;
	struct xtcp_flow *flow;

	hlist_nulls_for_each_entry(flow, node, &flows.heads[bucket], node) {
		if (same_tuple(flow, read_pnet(&new->net), xtcp_flow_addrs(new),
			       new->family, new->protocol, new->local_port,
			       new->remote_port) &&
		    devices_overlap(flow, new))
			return true;
	}
	return false;
}

int xtcp_flow_insert(struct xtcp_flow *flow)
{
	unsigned int bucket = flow_bucket(flow);
	spinlock_t *lock = bucket_lock(bucket);
	int err = -EADDRNOTAVAIL;

	spin_lock_bh(lock);
	if (!taken(flow, bucket)) {
		hlist_nulls_add_head_rcu(&flow->node, &flows.heads[bucket]);
		err = 0;
	}
	spin_unlock_bh(lock);
	return err;
}

bool xtcp_flow_hashed(const struct xtcp_flow *flow)
{
	return !hlist_nulls_unhashed_lockless(&flow->node);
}

/* In this order: addresses and ports change only while the flow is in no chain. */
bool xtcp_flow_is(const struct xtcp_flow *flow, const struct xtcp_flow_key *key)
{
	return xtcp_flow_hashed(flow) && matches(flow, key);
}

bool xtcp_flow_remove(struct xtcp_flow *flow)
{
	spinlock_t *lock;
	bool removed;

	if (!xtcp_flow_hashed(flow))
		return false;
	lock = bucket_lock(flow_bucket(flow));
	spin_lock_bh(lock);
	removed = !hlist_nulls_unhashed(&flow->node);
	hlist_nulls_del_init_rcu(&flow->node);
	spin_unlock_bh(lock);
	return removed;
}

/* In one store for readers: whoever stands on @old still finds the way on. */
static void replace_node(struct hlist_nulls_node *old, struct hlist_nulls_node *new)
{
	struct hlist_nulls_node *next = old->next;

	WRITE_ONCE(new->next, next);
	WRITE_ONCE(new->pprev, old->pprev);
	rcu_assign_pointer(*(struct hlist_nulls_node __rcu **)new->pprev, new);
	if (!is_a_nulls(next))
		WRITE_ONCE(next->pprev, &new->next);
	WRITE_ONCE(old->pprev, NULL);
}

bool xtcp_flow_replace(struct xtcp_flow *old, struct xtcp_flow *new)
{
	spinlock_t *lock = bucket_lock(flow_bucket(old));
	bool there;

	spin_lock_bh(lock);
	there = !hlist_nulls_unhashed(&old->node);
	if (there)
		replace_node(&old->node, &new->node);
	spin_unlock_bh(lock);
	return there;
}

struct xtcp_flow *xtcp_flow_next(struct net *net, unsigned int *bucket,
				 unsigned int *skip)
{
	const struct hlist_nulls_node *node;
	struct xtcp_flow *flow;
	unsigned int seen;

	for (; *bucket <= flows.mask; (*bucket)++, *skip = 0) {
		if (!*skip && *bucket % XTCP_BUCKETS_BETWEEN == 0)
			cond_resched_rcu();
		seen = 0;
		hlist_nulls_for_each_entry_rcu(flow, node, &flows.heads[*bucket], node) {
			if ((net && !net_eq(read_pnet(&flow->net), net)) || seen++ < *skip)
				continue;
			(*skip)++;
			return flow;
		}
	}
	return NULL;
}

/* --- memory ------------------------------------------------------------------ */

int xtcp_flow_cache_init(struct xtcp_flow_cache *cache, const char *ipv4,
			 const char *ipv6, size_t size)
{
	cache->ipv4 = kmem_cache_create(ipv4, size, 0, SLAB_ACCOUNT, NULL);
	cache->ipv6 = kmem_cache_create(ipv6, sizeof(struct xtcp_addrs6) + size,
					0, SLAB_ACCOUNT, NULL);
	if (cache->ipv4 && cache->ipv6)
		return 0;
	xtcp_flow_cache_exit(cache);
	return -ENOMEM;
}

void xtcp_flow_cache_exit(struct xtcp_flow_cache *cache)
{
	kmem_cache_destroy(cache->ipv4);
	kmem_cache_destroy(cache->ipv6);
}

void *xtcp_flow_cache_alloc(struct xtcp_flow_cache *cache, u8 family, gfp_t gfp)
{
	struct xtcp_addrs6 *addrs;

	if (family == AF_INET)
		return kmem_cache_alloc(cache->ipv4, gfp);
	addrs = kmem_cache_alloc(cache->ipv6, gfp);
	return addrs ? addrs + 1 : NULL;
}

void xtcp_flow_cache_free(struct xtcp_flow_cache *cache, struct xtcp_flow *flow)
{
	if (flow->family == AF_INET)
		kmem_cache_free(cache->ipv4, flow);
	else
		kmem_cache_free(cache->ipv6, xtcp_flow_addrs(flow));
}

/* --- coming and going ------------------------------------------------------ */

/* One bucket for 128 KiB of memory, as the kernel's TCP. */
static unsigned int default_buckets(void)
{
	return clamp_t(unsigned long, totalram_pages() >> (17 - PAGE_SHIFT),
		       1024, 512 * 1024);
}

int xtcp_flow_table_init(void)
{
	unsigned int i, buckets, locks;

	buckets = roundup_pow_of_two(clamp(flow_buckets ?: default_buckets(),
					   16U, 1U << 24));
	locks = min(buckets, FLOW_LOCKS);
	flow_buckets = buckets;
	flows.heads = kvmalloc_array(buckets, sizeof(*flows.heads), GFP_KERNEL);
	flows.locks = kvmalloc_array(locks, sizeof(*flows.locks), GFP_KERNEL);
	if (!flows.heads || !flows.locks) {
		xtcp_flow_table_exit();
		return -ENOMEM;
	}
	flows.mask = buckets - 1;
	flows.lock_mask = locks - 1;
	get_random_bytes(&flows.secret, sizeof(flows.secret));
	for (i = 0; i < buckets; i++)
		INIT_HLIST_NULLS_HEAD(&flows.heads[i], i);
	for (i = 0; i < locks; i++)
		spin_lock_init(&flows.locks[i]);
	return 0;
}

void xtcp_flow_table_exit(void)
{
	kvfree(flows.heads);
	kvfree(flows.locks);
}
