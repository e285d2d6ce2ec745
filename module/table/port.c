// SPDX-License-Identifier: GPL-2.0
/*
 * The port table. bind() follows the kernel's rules of SO_REUSEADDR and
 * SO_REUSEPORT; connect() without bind() takes a port by RFC 6056 3.3.4.
 *
 * All of a port stands under the lock of its bucket.
 */

#include <linux/mm.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rbtree.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <xtcp/af.h>
#include <xtcp/compat.h>
#include <xtcp/net.h>
#include <xtcp/port.h>
#include <xtcp/reserve.h>
#include <xtcp/sock.h>

#define BUCKETS_MAX	65536U		/* as many as ports: in a namespace none shares one */

struct port_bucket {
	spinlock_t lock;		/* of these ports and all that is in them */
	struct hlist_head ports;
};

static struct {
	struct port_bucket *buckets;
	unsigned int mask;
	struct kmem_cache *cache;
	struct kmem_cache *groups;
} ports __read_mostly;

static struct port_bucket *bucket_of(const struct net *net, u16 port)
{
	return &ports.buckets[(port ^ net_hash_mix(net)) & ports.mask];
}

/* Bucket lock or RCU. */
static struct xtcp_port *find(struct port_bucket *bucket, const struct net *net,
			      u8 protocol, u16 num)
{
	struct xtcp_port *port;

	hlist_for_each_entry_rcu(port, &bucket->ports, node,
				 lockdep_is_held(&bucket->lock)) {
		if (port->port == num && port->protocol == protocol &&
		    net_eq(read_pnet(&port->net), net))
			return port;
	}
	return NULL;
}

static struct xtcp_port *find_for(struct port_bucket *bucket, const struct sock *sk, u16 num)
{
	return find(bucket, sock_net(sk), xtcp_sk(sk)->flow.protocol, num);
}

/* --- groups ------------------------------------------------------------------- */

/*
 * Owners of a port that share it in the same way, on the same device, at the same
 * address: in a tree of the port, by key, the address last. So all that are alike
 * but for the address stand side by side, and bind() looks at one of them, however
 * many addresses and however many owners there are.
 */
struct group_key {
	u8 reach;			/* enum xtcp_reach */
	u8 sharing;			/* enum xtcp_port_sharing */
	u16 zero;
	kuid_t uid;			/* SO_REUSEPORT is for its own user; INVALID_UID: any */
	int dev;			/* 0: any */
	struct in6_addr addr;		/* IPv4 mapped; of a wildcard: 0 */
};

#define KEY_ALIKE	offsetof(struct group_key, addr)
#define KEY_ALL		sizeof(struct group_key)

struct xtcp_port_group {
	struct rb_node node;
	struct group_key key;
	unsigned int time_waits;	/* records: owners without a socket */
	struct hlist_head owners;	/* sk_bind_node */
};

#ifdef XTCP_KUNIT
/* Groups and owners that were looked at: what a bind() costs. */
unsigned int xtcp_port_steps;
#define count_step()	(xtcp_port_steps++)
#else
#define count_step()	do { } while (0)
#endif

static struct xtcp_port_group *group_at(struct rb_node *node)
{
	return rb_entry_safe(node, struct xtcp_port_group, node);
}

/* The first of @port whose key, as far as @len goes, is above @key. */
static struct xtcp_port_group *group_above(const struct xtcp_port *port,
					   const struct group_key *key, size_t len)
{
	struct rb_node *node = port->groups.rb_node;
	struct xtcp_port_group *found = NULL;

	while (node) {
		count_step();
		if (memcmp(&group_at(node)->key, key, len) > 0) {
			found = group_at(node);
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

/* The group of @key, or where it would go: @parent, @link. */
static struct xtcp_port_group *find_group(struct xtcp_port *port, const struct group_key *key,
					  struct rb_node **parent, struct rb_node ***link)
{
	int order;

	*parent = NULL;
	*link = &port->groups.rb_node;
	while (**link) {
		count_step();
		*parent = **link;
		order = memcmp(&group_at(*parent)->key, key, KEY_ALL);
		if (!order)
			return group_at(*parent);
		*link = order > 0 ? &(*parent)->rb_left : &(*parent)->rb_right;
	}
	return NULL;
}

static struct xtcp_port_group *group_of(struct xtcp_port *port, const struct group_key *key)
{
	struct rb_node *parent, **link;

	return find_group(port, key, &parent, &link);
}

/* That one, or a new one; NULL: no memory. */
static struct xtcp_port_group *get_group(struct xtcp_port *port, const struct group_key *key)
{
	struct rb_node *parent, **link;
	struct xtcp_port_group *group = find_group(port, key, &parent, &link);

	if (group)
		return group;
	group = kmem_cache_alloc(ports.groups, GFP_ATOMIC);
	if (!group)
		return NULL;
	group->key = *key;
	group->time_waits = 0;
	INIT_HLIST_HEAD(&group->owners);
	rb_link_node(&group->node, parent, link);
	rb_insert_color(&group->node, &port->groups);
	return group;
}

static void put_group(struct xtcp_port *port, struct xtcp_port_group *group)
{
	if (group->time_waits || !hlist_empty(&group->owners))
		return;
	rb_erase(&group->node, &port->groups);
	kmem_cache_free(ports.groups, group);
}

static u8 sharing_asked(const struct sock *sk)
{
	return (sk->sk_reuse ? XTCP_PORT_REUSE : 0) |
	       (sk->sk_reuseport ? XTCP_PORT_REUSEPORT : 0);
}

/* What others find: a listener lets no one in by SO_REUSEADDR. */
static u8 sharing_of(const struct sock *sk)
{
	return sharing_asked(sk) & (sk->sk_state == TCP_LISTEN ? ~XTCP_PORT_REUSE : ~0);
}

static struct group_key key_of(const struct sock *sk)
{
	struct group_key key = {
		.sharing = sharing_of(sk),
		.uid = sk->sk_reuseport ? sk->sk_uid : INVALID_UID,
		.dev = sk->sk_bound_dev_if,
	};

	key.reach = xtcp_sk(sk)->af->bind_reach(sk, &key.addr);
	return key;
}

static struct group_key key_of_time_wait(const struct xtcp_flow *flow)
{
	struct group_key key = {
		.reach = XTCP_REACH_ONE | (flow->family == AF_INET ? XTCP_REACH_IPV4 :
								      XTCP_REACH_IPV6),
		.sharing = flow->port_sharing,
		.uid = INVALID_UID,
		.dev = flow->bound_dev_if,
	};

	if (flow->family == AF_INET)
		ipv6_addr_set_v4mapped(flow->addrs4.local, &key.addr);
	else
		key.addr = ((const struct xtcp_addrs6 *)xtcp_flow_addrs(flow))->local;
	return key;
}

static void leave_group(struct sock *sk, struct xtcp_port *port)
{
	__sk_del_bind_node(sk);
	put_group(port, xtcp_sk(sk)->port_group);
	xtcp_sk(sk)->port_group = NULL;
}

/* Into the group that @sk belongs to now. 0, or -ENOMEM, and all stays as it was. */
static int regroup(struct sock *sk, struct xtcp_port *port)
{
	struct group_key key = key_of(sk);
	struct xtcp_port_group *group = get_group(port, &key);

	if (!group)
		return -ENOMEM;
	if (group == xtcp_sk(sk)->port_group)
		return 0;
	if (xtcp_sk(sk)->port_group)
		leave_group(sk, port);
	sk_add_bind_node(sk, &group->owners);
	xtcp_sk(sk)->port_group = group;
	return 0;
}

/* --- who conflicts with whom ---------------------------------------------------- */

/*
 * Of two devices, 0 is any of the default VRF, as the kernel's bind() has it; or of
 * all, with l3mdev_accept.
 */
static bool devices_overlap(const struct net *net, int a, int b)
{
	if (a == b)
		return true;
	if (a && b)
		return false;
#ifdef CONFIG_NET_L3_MASTER_DEV
	return xtcp_knob(xtcp_net(net), l3mdev_accept) ||
	       !l3mdev_master_ifindex_by_index((struct net *)net, a | b);
#else
	return true;
#endif
}

/* May those like @other share their port with @sk, wherever they are bound? */
static bool may_share(const struct sock *sk, u8 asked, const struct group_key *other)
{
	u8 both = asked & other->sharing;

	return both & XTCP_PORT_REUSE ||
	       (both & XTCP_PORT_REUSEPORT &&
		(!uid_valid(other->uid) || uid_eq(other->uid, sk->sk_uid)));
}

/*
 * Is there another than @sk in @group? Options may have changed since: who shares in
 * more ways by now goes where he belongs, and is found there, for we go on upwards.
 * Who took an option back counts here: in less than this he does not share.
 */
static bool has_another(const struct sock *sk, struct xtcp_port *port,
			struct xtcp_port_group *group)
{
	u8 sharing = group->key.sharing;
	struct hlist_node *next;
	struct sock *other;

	if (group->time_waits)
		return true;
	hlist_for_each_entry_safe(other, next, &group->owners, sk_bind_node) {
		count_step();
		/* The last to go takes the group along. */
		if (other != sk && (sharing_of(other) <= sharing || regroup(other, port)))
			return true;
	}
	return false;
}

/* @group and those that are alike: is one of them at an address of @mine? */
static bool overlap(const struct sock *sk, struct xtcp_port *port,
		    const struct group_key *mine, struct xtcp_port_group *group)
{
	struct group_key at = group->key;

	if (mine->reach & at.reach & XTCP_REACH_ONE) {
		at.addr = mine->addr;
		group = group_of(port, &at);
		return group && has_another(sk, port, group);
	}
	while (group && !memcmp(&group->key, &at, KEY_ALIKE)) {
		at = group->key;
		if (has_another(sk, port, group))
			return true;
		group = group_above(port, &at, KEY_ALL);
	}
	return false;
}

/*
 * May @sk not be an owner of @port beside those it has? Only who chose it by number
 * meant that of another: a port given to whom any will do is shared with no one.
 * Bucket lock held.
 */
static bool in_use(struct sock *sk, struct xtcp_port *port, bool chosen)
{
	struct xtcp_port_group *group = group_at(rb_first(&port->groups));
	struct group_key at, mine = key_of(sk);
	u8 asked = chosen ? sharing_asked(sk) : 0;

	for (; group; group = group_above(port, &at, KEY_ALIKE)) {
		at = group->key;
		if (mine.reach & at.reach & XTCP_REACH_BOTH && !may_share(sk, asked, &at) &&
		    devices_overlap(sock_net(sk), mine.dev, at.dev) &&
		    overlap(sk, port, &mine, group))
			return true;
	}
	return false;
}

/* --- ports ---------------------------------------------------------------------- */

/* Bucket lock held. */
static struct xtcp_port *create(struct port_bucket *bucket, const struct sock *sk, u16 num)
{
	struct xtcp_port *port = kmem_cache_zalloc(ports.cache, GFP_ATOMIC);

	if (!port)
		return NULL;
	port->port = num;
	port->protocol = xtcp_sk(sk)->flow.protocol;
	port->groups = RB_ROOT;
	write_pnet(&port->net, sock_net(sk));
	hlist_add_head_rcu(&port->node, &bucket->ports);
	return port;
}

/*
 * A port of protocol 6 that is bound: it must be spoken for with the kernel's TCP.
 * That may sleep; and of two that want it at the same moment, the second must find
 * what the first made, not be kept out by its reservation.
 */
static int reserve(struct port_bucket *bucket, const struct sock *sk, u16 num, bool reuse)
{
	struct xtcp_reservation *reservation;
	struct xtcp_net *xn = xtcp_sk_net(sk);
	struct xtcp_port *port;
	int err = 0;

	mutex_lock(&xn->reserving);
	spin_lock_bh(&bucket->lock);
	port = find_for(bucket, sk, num);
	reservation = port ? port->reservation : NULL;
	spin_unlock_bh(&bucket->lock);
	if (reservation)
		goto out;
	reservation = xtcp_reserve_take(sk, num, reuse);
	err = PTR_ERR_OR_ZERO(reservation);
	if (err)
		goto out;
	spin_lock_bh(&bucket->lock);
	port = find_for(bucket, sk, num) ?: create(bucket, sk, num);
	if (port)
		port->reservation = reservation;
	spin_unlock_bh(&bucket->lock);
	if (!port) {
		xtcp_reserve_give_back(reservation);
		err = -ENOMEM;
	}
out:
	mutex_unlock(&xn->reserving);
	return err;
}

static void free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(ports.cache, container_of(rcu, struct xtcp_port, rcu));
}

/*
 * Nobody is bound to it, or nobody has it: then it is kept from no one. What connect()
 * chose, and a TIME_WAIT, hold their 4-tuples only. Bucket lock held.
 */
static void put_port(struct xtcp_port *port)
{
	if (!port->explicit_binds) {
		xtcp_reserve_give_back(port->reservation);
		port->reservation = NULL;
	}
	if (!RB_EMPTY_ROOT(&port->groups))
		return;
	hlist_del_rcu(&port->node);
	call_rcu(&port->rcu, free_rcu);
}

/*
 * The port @sk would own, or an error; the lock of @bucket is held then, either way.
 * @bind: it is bound, and by number (@chosen) or not.
 */
static struct xtcp_port *lock_port(struct sock *sk, u16 num, bool bind, bool chosen,
				   struct port_bucket *bucket) __acquires(&bucket->lock)
{
	bool reserved = bind && xtcp_sk(sk)->flow.protocol == IPPROTO_TCP;
	struct xtcp_port *port;
	int err;

	spin_lock_bh(&bucket->lock);
	for (;;) {
		port = find_for(bucket, sk, num);
		if (!reserved)
			return port ?: create(bucket, sk, num) ?: ERR_PTR(-ENOMEM);
		if (port && port->reservation)
			return port;
		spin_unlock_bh(&bucket->lock);
		err = reserve(bucket, sk, num, chosen && sk->sk_reuse);
		spin_lock_bh(&bucket->lock);
		if (err)
			return ERR_PTR(err);
	}
}

/* Bucket lock held. 0 or -ENOMEM. */
static int own(struct sock *sk, struct xtcp_port *port, bool explicit)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int err = regroup(sk, port);

	if (err)
		return err;
	xs->port = port;
	xs->port_explicit = explicit;
	port->explicit_binds += explicit;
	inet_sk(sk)->inet_num = port->port;
	inet_sk(sk)->inet_sport = htons(port->port);
	xs->flow.local_port = htons(port->port);
	return 0;
}

/* --- which port ----------------------------------------------------------------- */

/* Ports from which the kernel chooses, and which come first. */
struct port_range {
	u32 low;
	u32 count;
	u32 step;			/* 2: every second one first, from @first on */
	u32 first;
};

/*
 * bind() and connect() begin with ports of different parity, in both TCPs: connect()
 * can share those of connect() only. Not in a range of the socket's own.
 */
static struct port_range range_of(const struct sock *sk, u32 first)
{
	int low, high, net_low, net_high;

	inet_sk_get_local_port_range(sk, &low, &high);
	inet_get_local_port_range(sock_net(sk), &net_low, &net_high);
	return (struct port_range){
		.low = low,
		.count = high - low + 1,
		.step = low == net_low && high == net_high && high > low ? 2 : 1,
		.first = first,
	};
}

/* The @i-th port to try, @offset steps on: each of the range once. */
static u16 port_in(const struct port_range *range, u32 offset, u32 i)
{
	u32 half, first = range->first;

	if (range->step == 1)
		return range->low + (offset + i) % range->count;
	half = (range->count + !first) / 2;
	if (i >= half) {
		i -= half;
		half = range->count - half;
		first = !first;
	}
	return range->low + first + 2 * ((offset / 2 + i) % half);
}

static int bind_to(struct sock *sk, u16 num, bool chosen)
{
	struct port_bucket *bucket = bucket_of(sock_net(sk), num);
	struct xtcp_port *port = lock_port(sk, num, true, chosen, bucket);
	int err = PTR_ERR_OR_ZERO(port);

	if (!err) {
		err = in_use(sk, port, chosen) ? -EADDRINUSE : own(sk, port, true);
		put_port(port);
	}
	spin_unlock_bh(&bucket->lock);
	return err;
}

/* bind() to port 0: any port no one else is bound to, from a random start. */
static int bind_ephemeral(struct sock *sk)
{
	struct port_range range = range_of(sk, 1);
	u32 i, start = get_random_u32_below(range.count);
	struct net *net = sock_net(sk);
	int err;
	u16 num;

	for (i = 0; i < range.count; i++) {
		num = port_in(&range, start, i);
		if (inet_is_local_reserved_port(net, num))
			continue;
		err = bind_to(sk, num, false);
		if (err != -EADDRINUSE)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return -EADDRINUSE;
}

int xtcp_port_bind(struct sock *sk, unsigned short num)
{
	int err = xtcp_sk(sk)->af->choose_protocol(sk);

	if (err)
		return err;
	return num ? bind_to(sk, num, true) : bind_ephemeral(sk);
}

/* connect() may share a port as long as nobody bound it. 0, -EADDRNOTAVAIL, -ENOMEM. */
static int share(struct sock *sk, u16 num)
{
	struct port_bucket *bucket = bucket_of(sock_net(sk), num);
	struct xtcp_port *port = lock_port(sk, num, false, false, bucket);
	int err = PTR_ERR_OR_ZERO(port);

	if (!err) {
		err = port->explicit_binds ? -EADDRNOTAVAIL : own(sk, port, false);
		put_port(port);
	}
	spin_unlock_bh(&bucket->lock);
	return err;
}

/* With protocol 6 the 4-tuple must be free in the kernel's table as well. */
static int reserve_connection(struct sock *sk)
{
	struct xtcp_reservation *reservation;
	struct xtcp_own *own = xtcp_own_make(sk, GFP_KERNEL_ACCOUNT);

	if (!own)
		return -ENOMEM;
	reservation = xtcp_reserve_connection(sk);
	if (IS_ERR(reservation))
		return PTR_ERR(reservation);
	own->reservation = reservation;
	return 0;
}

static void give_connection_back(struct sock *sk)
{
	struct xtcp_own *own = xtcp_own(sk);

	if (!own)
		return;
	xtcp_reserve_give_back(own->reservation);
	own->reservation = NULL;
}

/* The 4-tuple must be free in our flow table, and with protocol 6 in the kernel's. */
static int connect_from(struct sock *sk, u16 num, int (*enter)(struct sock *sk))
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int err = share(sk, num);

	if (err)
		return err;
	err = enter(sk);
	if (!err && xs->flow.protocol == IPPROTO_TCP) {
		err = reserve_connection(sk);
		if (err)
			xtcp_flow_remove(&xs->flow);
	}
	if (err)
		xtcp_port_release(sk);
	return err;
}

/*
 * RFC 6056 3.3.4: where to begin, from F(addresses, remote port, secret), and the
 * counter, of a table by G, that goes on from there. Both tables and secrets are
 * the namespace's own. F changes from time to time: who found out which peers share
 * a counter, does not know for long.
 */
static u32 first_offset(const struct sock *sk, u16 **counter)
{
	const struct xtcp_flow *flow = &xtcp_sk(sk)->flow;
	struct xtcp_net *xn = xtcp_sk_net(sk);
	const siphash_key_t *secret = &xn->secrets.port;
	const void *addrs = xtcp_flow_addrs(flow);
	bool ipv4 = flow->family == AF_INET;
	u64 hash;

	hash = siphash_3u64(ipv4 ? get_unaligned((const u64 *)addrs) :
				   siphash(addrs, sizeof(struct xtcp_addrs6), secret),
			    (__force u16)flow->remote_port,
			    div_u64(ktime_get_seconds(), XTCP_PORT_SHUFFLE_S), secret);
	*counter = &xn->port_counters[hash % XTCP_PORT_COUNTERS];
	return (u32)(hash >> 32) + READ_ONCE(**counter);
}

/* Not by one: who watches his own ports must not count the connections of others. */
static void advance(u16 *counter, u32 tried, u32 step)
{
	u32 by = max(tried, get_random_u32_below(8)) + 1;

	WRITE_ONCE(*counter, READ_ONCE(*counter) + by * step);
}

int xtcp_port_connect(struct sock *sk, int (*enter)(struct sock *sk))
{
	struct port_range range;
	u32 i, offset;
	u16 *counter;
	u16 num;
	int err;

	if (xtcp_sk(sk)->port) {
		/* A wildcard before the route was known. */
		xtcp_port_moved(sk);
		return enter(sk);
	}
	range = range_of(sk, 0);
	offset = first_offset(sk, &counter);
	for (i = 0; i < range.count; i++) {
		num = port_in(&range, offset, i);
		if (inet_is_local_reserved_port(sock_net(sk), num))
			continue;
		err = connect_from(sk, num, enter);
		if (!err)
			advance(counter, i, range.step);
		if (err != -EADDRNOTAVAIL && err != -EADDRINUSE)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return -EADDRNOTAVAIL;
}

/* --- children, TIME_WAIT, and the end --------------------------------------------- */

int xtcp_port_inherit(struct sock *child, u16 num)
{
	struct port_bucket *bucket = bucket_of(sock_net(child), num);
	struct xtcp_port *port;
	int err = -ENOENT;

	spin_lock_bh(&bucket->lock);
	port = find_for(bucket, child, num);
	/* The listener's, still: not what connections or TIME_WAITs left. */
	if (port && port->explicit_binds)
		err = own(child, port, true);
	spin_unlock_bh(&bucket->lock);
	return err;
}

void xtcp_port_moved(struct sock *sk)
{
	struct xtcp_port *port = xtcp_sk(sk)->port;
	struct port_bucket *bucket;

	if (!port)
		return;
	bucket = bucket_of(sock_net(sk), port->port);
	spin_lock_bh(&bucket->lock);
	regroup(sk, port);
	spin_unlock_bh(&bucket->lock);
}

void xtcp_port_release(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct port_bucket *bucket;

	if (!xs->port)
		return;
	bucket = bucket_of(sock_net(sk), xs->port->port);
	spin_lock_bh(&bucket->lock);
	leave_group(sk, xs->port);
	xs->port->explicit_binds -= xs->port_explicit;
	put_port(xs->port);
	xs->port = NULL;
	inet_sk(sk)->inet_num = 0;
	spin_unlock_bh(&bucket->lock);
	give_connection_back(sk);
}

/* Two may have bound it with SO_REUSEADDR: only one listens. */
int xtcp_port_may_listen(struct sock *sk)
{
	struct xtcp_port *port = xtcp_sk(sk)->port;
	struct port_bucket *bucket = bucket_of(sock_net(sk), port->port);
	int err;

	spin_lock_bh(&bucket->lock);
	/* From here on others find in its group that it listens. */
	err = in_use(sk, port, true) ? -EADDRINUSE : regroup(sk, port);
	spin_unlock_bh(&bucket->lock);
	return err;
}

int xtcp_port_hold_time_wait(const struct sock *sk, struct xtcp_flow *flow)
{
	struct xtcp_port *port = xtcp_sk(sk)->port;
	struct port_bucket *bucket = bucket_of(sock_net(sk), port->port);
	struct xtcp_port_group *group;
	struct group_key key;

	flow->port_sharing = sharing_asked(sk);
	key = key_of_time_wait(flow);
	spin_lock_bh(&bucket->lock);
	group = get_group(port, &key);
	if (group)
		group->time_waits++;
	spin_unlock_bh(&bucket->lock);
	return group ? 0 : -ENOMEM;
}

void xtcp_port_put_time_wait(const struct xtcp_flow *flow)
{
	const struct net *net = read_pnet(&flow->net);
	u16 num = ntohs(flow->local_port);
	struct port_bucket *bucket = bucket_of(net, num);
	struct group_key key = key_of_time_wait(flow);
	struct xtcp_port_group *group;
	struct xtcp_port *port;

	spin_lock_bh(&bucket->lock);
	port = find(bucket, net, flow->protocol, num);
	group = port ? group_of(port, &key) : NULL;
	if (!WARN_ON_ONCE(!group)) {
		group->time_waits--;
		put_group(port, group);
		put_port(port);
	}
	spin_unlock_bh(&bucket->lock);
}

/* One bucket for 16 KiB of memory. */
static unsigned int default_buckets(void)
{
	return roundup_pow_of_two(clamp_t(unsigned long, totalram_pages() >> (14 - PAGE_SHIFT),
					  4096, BUCKETS_MAX));
}

int xtcp_port_table_init(void)
{
	unsigned int i, buckets = default_buckets();

	ports.cache = KMEM_CACHE(xtcp_port, SLAB_ACCOUNT);
	ports.groups = KMEM_CACHE(xtcp_port_group, SLAB_ACCOUNT);
	ports.buckets = kvmalloc_array(buckets, sizeof(*ports.buckets), GFP_KERNEL);
	if (!ports.cache || !ports.groups || !ports.buckets) {
		xtcp_port_table_exit();
		return -ENOMEM;
	}
	ports.mask = buckets - 1;
	for (i = 0; i < buckets; i++) {
		spin_lock_init(&ports.buckets[i].lock);
		INIT_HLIST_HEAD(&ports.buckets[i].ports);
	}
	return 0;
}

void xtcp_port_table_exit(void)
{
	kvfree(ports.buckets);
	kmem_cache_destroy(ports.groups);
	kmem_cache_destroy(ports.cache);
}
