// SPDX-License-Identifier: GPL-2.0
/*
 * The table of listeners: one for all namespaces, by address and port, so that it
 * makes no difference to a SYN how many others listen on its port at other addresses.
 * Listeners at the wildcard have buckets as any address has.
 */

#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/rcupdate_wait.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/sock_reuseport.h>
#include <xtcp/listener.h>
#include <xtcp/sock.h>

struct listener_bucket {
	spinlock_t lock;		/* of the lists */
	struct hlist_head list;		/* all */
	struct hlist_head leaders;	/* for lookups: of those that are alike, one */
};

static struct {
	struct listener_bucket *buckets;
	unsigned int mask;
	u32 secret;
} listeners __read_mostly;

#ifdef XTCP_KUNIT
unsigned int xtcp_listener_steps;
#define count_step() (xtcp_listener_steps++)
#else
#define count_step() do { } while (0)
#endif

static struct listener_bucket *bucket_of(const struct net *net, const struct in6_addr *addr,
					 __be16 port, u8 protocol)
{
	u32 hash = jhash2((const u32 *)addr, sizeof(*addr) / sizeof(u32),
			  listeners.secret ^ net_hash_mix(net));

	return &listeners.buckets[jhash_2words(hash, (__force u16)port << 8 | protocol,
					       listeners.secret) & listeners.mask];
}

static struct listener_bucket *bucket_of_listener(const struct xtcp_listener *l)
{
	return bucket_of(l->net, &l->addr, l->local_port, l->protocol);
}

/* --- coming and going ------------------------------------------------------- */

static void fill_address(struct xtcp_listener *l, const struct sock *sk)
{
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6) {
		l->addr = sk->sk_v6_rcv_saddr;
		l->v6only = ipv6_only_sock(sk);
		return;
	}
#endif
	ipv6_addr_set_v4mapped(sk->sk_rcv_saddr, &l->addr);
}

struct xtcp_listener *xtcp_listener_create(struct sock *sk)
{
	struct xtcp_listener *l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);

	if (!l)
		return NULL;
	l->sk = sk;
	l->port = xtcp_sk(sk)->port;
	l->net = sock_net(sk);
	l->local_port = inet_sk(sk)->inet_sport;
	l->protocol = xtcp_sk(sk)->flow.protocol;
	fill_address(l, sk);
	refcount_set(&l->refs, 1);
	spin_lock_init(&l->lock);
	l->open = true;
	INIT_HLIST_HEAD(&l->accept_queue);
	INIT_LIST_HEAD(&l->early_resets);
	return l;
}

void xtcp_listener_put(struct xtcp_listener *l)
{
	if (refcount_dec_and_test(&l->refs))
		kfree_rcu(l, rcu);
}

static bool same_place(const struct xtcp_listener *a, const struct xtcp_listener *b)
{
	return a->local_port == b->local_port && a->protocol == b->protocol &&
	       ipv6_addr_equal(&a->addr, &b->addr) && net_eq(a->net, b->net);
}

static bool same_group(const struct xtcp_listener *a, const struct xtcp_listener *b)
{
	return same_place(a, b) && a->v6only == b->v6only &&
	       b->sk->sk_reuseport && uid_eq(a->sk->sk_uid, b->sk->sk_uid) &&
	       a->sk->sk_family == b->sk->sk_family && a->dev == b->dev;
}

/* SO_REUSEPORT: the kernel's groups, for their BPF programs. Bucket lock held. */
static int join_group(struct xtcp_listener *l, struct listener_bucket *bucket)
{
	bool any = !l->sk->sk_rcv_saddr;
	struct xtcp_listener *other;

	hlist_for_each_entry(other, &bucket->list, node) {
		if (same_group(l, other))
			return reuseport_add_sock(l->sk, other->sk, any);
	}
	return reuseport_alloc(l->sk, any);
}

/* Bound to @dev from now on; a look-up knows whether anyone is bound to any. */
static void set_device(struct xtcp_listener *l, int dev)
{
	atomic_add(!!dev - !!l->dev, &xtcp_net(l->net)->device_listeners);
	WRITE_ONCE(l->dev, dev);
}

/*
 * Makes it no difference to a look-up which of the two it finds? One of the group is
 * chosen afterwards. A group is of one bucket, whose lock is held.
 */
static bool alike(const struct xtcp_listener *a, const struct xtcp_listener *b)
{
	const void *group = rcu_access_pointer(a->sk->sk_reuseport_cb);

	return group && group == rcu_access_pointer(b->sk->sk_reuseport_cb) && a->dev == b->dev;
}

static bool leads(const struct xtcp_listener *l)
{
	return !hlist_unhashed(&l->leads);
}

/* Where both are at an IPv4 address, the IPv4 socket is met first. Bucket lock held. */
static void lead(struct xtcp_listener *l, struct listener_bucket *bucket)
{
	struct xtcp_listener *other;

	hlist_for_each_entry(other, &bucket->leaders, leads) {
		if (alike(l, other))
			return;
	}
	if (l->sk->sk_family == AF_INET)
		hlist_add_head_rcu(&l->leads, &bucket->leaders);
	else
		hlist_add_tail_rcu(&l->leads, &bucket->leaders);
}

/*
 * @l, which leads, goes, or is about to be like others: who is like it goes on. It
 * comes behind @l, so that who looks up finds one of them at every moment. Bucket
 * lock held.
 */
static void hand_over(struct xtcp_listener *l, struct listener_bucket *bucket)
{
	struct xtcp_listener *other;

	hlist_for_each_entry(other, &bucket->list, node) {
		if (other == l || !alike(l, other))
			continue;
		if (!leads(other))
			hlist_add_behind_rcu(&other->leads, &l->leads);
		return;
	}
}

int xtcp_listener_insert(struct xtcp_listener *l)
{
	struct listener_bucket *bucket = bucket_of_listener(l);
	int err = 0;

	set_device(l, l->sk->sk_bound_dev_if);
	spin_lock_bh(&bucket->lock);
	if (l->sk->sk_reuseport)
		err = join_group(l, bucket);
	if (!err) {
		hlist_add_head_rcu(&l->node, &bucket->list);
		lead(l, bucket);
	}
	spin_unlock_bh(&bucket->lock);
	if (err)
		set_device(l, 0);
	return err;
}

/* Out of the table first: nobody joins the group by a member that has left it. */
void xtcp_listener_remove(struct xtcp_listener *l)
{
	struct listener_bucket *bucket = bucket_of_listener(l);

	spin_lock_bh(&bucket->lock);
	if (leads(l)) {
		hand_over(l, bucket);
		hlist_del_init_rcu(&l->leads);
	}
	hlist_del_init_rcu(&l->node);
	/* Lookups that are there see still what it was bound to. */
	atomic_sub(!!l->dev, &xtcp_net(l->net)->device_listeners);
	spin_unlock_bh(&bucket->lock);
	if (rcu_access_pointer(l->sk->sk_reuseport_cb))
		reuseport_detach_sock(l->sk);
}

/* Who leads stays where it is, for lookups are under way there. */
static void move(struct xtcp_listener *l, int dev)
{
	struct listener_bucket *bucket = bucket_of_listener(l);

	spin_lock_bh(&bucket->lock);
	if (leads(l))
		hand_over(l, bucket);
	set_device(l, dev);
	if (!leads(l))
		lead(l, bucket);
	spin_unlock_bh(&bucket->lock);
}

void xtcp_listener_rehash(struct sock *sk)
{
	struct xtcp_listener *l;

	if (sk->sk_state != TCP_LISTEN)
		return;
	l = xtcp_sk_listener(sk);
	if (l->dev != sk->sk_bound_dev_if)
		move(l, sk->sk_bound_dev_if);
}

/* --- looking up --------------------------------------------------------------- */

/* 0: not for what came in on that device; 2: bound to it. */
static int device_score(const struct xtcp_listener *l, const struct xtcp_flow_key *key)
{
	return xtcp_flow_device_score(READ_ONCE(l->dev), key);
}

static bool takes(const struct xtcp_listener *l, const struct xtcp_flow_key *key,
		  const struct in6_addr *addr)
{
	return l->local_port == key->local_port && l->protocol == key->protocol &&
	       ipv6_addr_equal(&l->addr, addr) && net_eq(l->net, key->net) &&
	       !(l->v6only && key->family == AF_INET);
}

/* The best at @addr, which @key is for, better than @score; else @best. */
static struct xtcp_listener *best_at(const struct in6_addr *addr,
				     const struct xtcp_flow_key *key,
				     struct xtcp_listener *best, int *score)
{
	struct listener_bucket *bucket = bucket_of(key->net, addr, key->local_port,
						   key->protocol);
	/* Where no one is bound to a device, nothing better follows. */
	int enough = atomic_read(&xtcp_net(key->net)->device_listeners) ? 2 : 1;
	struct xtcp_listener *l;
	int points;

	hlist_for_each_entry_rcu(l, &bucket->leaders, leads) {
		count_step();
		if (*score >= enough)
			break;
		if (!takes(l, key, addr))
			continue;
		points = device_score(l, key);
		if (points > *score) {
			*score = points;
			best = l;
		}
	}
	return best;
}

static struct xtcp_listener *most_specific(const struct xtcp_flow_key *key)
{
	static const struct in6_addr any4 = { .s6_addr32 = { 0, 0, htonl(0xffff), 0 } };
	const struct xtcp_addrs4 *addrs4 = key->addrs;
	const struct xtcp_addrs6 *addrs6 = key->addrs;
	struct xtcp_listener *best;
	struct in6_addr local;
	int score = 0;

	if (key->family == AF_INET)
		ipv6_addr_set_v4mapped(addrs4->local, &local);
	else
		local = addrs6->local;
	best = best_at(&local, key, NULL, &score);
	if (best)
		return best;
	if (key->family == AF_INET)
		best = best_at(&any4, key, NULL, &score);
	return best_at(&in6addr_any, key, best, &score);
}

/* Which of its group (SO_REUSEPORT): a BPF program says, or the 4-tuple. */
static struct xtcp_listener *of_group(struct xtcp_listener *l, const struct xtcp_flow_key *key,
				      struct sk_buff *skb)
{
	const siphash_key_t *secret = &xtcp_net(key->net)->secrets.port;
	struct xtcp_listener *chosen;
	struct sock *sk;
	u32 hash;

	if (!l || !l->sk->sk_reuseport)
		return l;
	hash = siphash_2u64(siphash(key->addrs, xtcp_flow_addrs_len(key->family), secret),
			    (__force u16)key->remote_port, secret);
	sk = reuseport_select_sock(l->sk, hash, skb, skb ? tcp_hdrlen(skb) : 0);
	/* A socket may have left the group just now, and listen elsewhere, or for a device. */
	chosen = IS_ERR_OR_NULL(sk) ? NULL : rcu_dereference(xtcp_sk(sk)->own->listener);
	return chosen && same_place(chosen, l) &&
	       device_score(chosen, key) >= device_score(l, key) ? chosen : l;
}

struct xtcp_listener *xtcp_listener_lookup(const struct xtcp_flow_key *key,
					   struct sk_buff *skb)
{
	return of_group(most_specific(key), key, skb);
}

struct xtcp_listener *xtcp_listener_next(struct net *net, unsigned int *bucket,
					 unsigned int *skip)
{
	struct xtcp_listener *l;
	unsigned int seen;

	for (; *bucket <= listeners.mask; (*bucket)++, *skip = 0) {
		if (!*skip && *bucket % XTCP_BUCKETS_BETWEEN == 0)
			cond_resched_rcu();
		seen = 0;
		hlist_for_each_entry_rcu(l, &listeners.buckets[*bucket].list, node) {
			if (!net_eq(l->net, net) || seen++ < *skip)
				continue;
			(*skip)++;
			return l;
		}
	}
	return NULL;
}

int xtcp_listener_table_init(void)
{
	unsigned int i, buckets;

	/* One for 256 KiB of memory: 24 octets each. */
	buckets = roundup_pow_of_two(clamp_t(unsigned long, totalram_pages() >> (18 - PAGE_SHIFT),
					     256, 64 * 1024));
	listeners.buckets = kvmalloc_array(buckets, sizeof(*listeners.buckets), GFP_KERNEL);
	if (!listeners.buckets)
		return -ENOMEM;
	listeners.mask = buckets - 1;
	listeners.secret = get_random_u32();
	for (i = 0; i < buckets; i++) {
		spin_lock_init(&listeners.buckets[i].lock);
		INIT_HLIST_HEAD(&listeners.buckets[i].list);
		INIT_HLIST_HEAD(&listeners.buckets[i].leaders);
	}
	return 0;
}

void xtcp_listener_table_exit(void)
{
	kvfree(listeners.buckets);
}
