// SPDX-License-Identifier: GPL-2.0
/*
 * The port table. bind() follows the kernel's rules of SO_REUSEADDR and
 * SO_REUSEPORT; connect() without bind() takes a port by RFC 6056 3.3.4.
 */

#include <linux/hash.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <xtcp/af.h>
#include <xtcp/hooks.h>
#include <xtcp/net.h>
#include <xtcp/port.h>
#include <xtcp/sock.h>

#define PORT_BUCKETS	4096U
#define PERTURB_ENTRIES	256U

struct port_bucket {
	spinlock_t lock;		/* of the list and of its ports */
	struct hlist_head ports;
};

static struct {
	struct port_bucket *buckets;
	struct kmem_cache *cache;
	struct mutex reserving;		/* of new ports of protocol 6 */
	/* RFC 6056 3.3.4: table[G(tuple)], counts the ports handed out. */
	u32 perturb[PERTURB_ENTRIES];
} ports __read_mostly;

static struct port_bucket *bucket_of(const struct net *net, u16 port)
{
	return &ports.buckets[(port ^ net_hash_mix(net)) & (PORT_BUCKETS - 1)];
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

/* Bucket lock held. */
static struct xtcp_port *create(struct port_bucket *bucket, const struct sock *sk,
				u16 num, struct xtcp_reservation *reservation)
{
	struct xtcp_port *port = kmem_cache_zalloc(ports.cache, GFP_ATOMIC);

	if (!port)
		return NULL;
	port->port = num;
	port->protocol = xtcp_sk(sk)->flow.protocol;
	port->reservation = reservation;
	write_pnet(&port->net, sock_net(sk));
	hlist_add_head_rcu(&port->node, &bucket->ports);
	return port;
}

/*
 * A port of protocol 6, which must be spoken for with the kernel's TCP. That may
 * sleep; and of two that want it at the same moment, the second must find what
 * the first made, not be kept out by its reservation.
 */
static int create_reserved(struct port_bucket *bucket, const struct sock *sk, u16 num,
			   bool reuse)
{
	struct xtcp_reservation *reservation;
	struct xtcp_port *port;
	int err = 0;

	mutex_lock(&ports.reserving);
	spin_lock_bh(&bucket->lock);
	port = find_for(bucket, sk, num);
	spin_unlock_bh(&bucket->lock);
	if (port)
		goto out;
	reservation = xtcp_reserve_take(sk, num, reuse);
	err = PTR_ERR_OR_ZERO(reservation);
	if (err)
		goto out;
	spin_lock_bh(&bucket->lock);
	port = create(bucket, sk, num, reservation);
	spin_unlock_bh(&bucket->lock);
	if (!port) {
		xtcp_reserve_give_back(reservation);
		err = -ENOMEM;
	}
out:
	mutex_unlock(&ports.reserving);
	return err;
}

/*
 * The port @sk would own, with the lock of @bucket; or an error, without. @chosen:
 * by the user, whose SO_REUSEADDR counts then.
 */
static struct xtcp_port *lock_port(struct sock *sk, u16 num, bool chosen,
				   struct port_bucket *bucket)
{
	bool reserved = xtcp_sk(sk)->flow.protocol == IPPROTO_TCP;
	struct xtcp_port *port;
	int err;

	for (;;) {
		spin_lock_bh(&bucket->lock);
		port = find_for(bucket, sk, num);
		if (!port && !reserved)
			port = create(bucket, sk, num, NULL);
		if (port)
			return port;
		spin_unlock_bh(&bucket->lock);
		err = reserved ? create_reserved(bucket, sk, num, chosen && sk->sk_reuse) :
				 -ENOMEM;
		if (err)
			return ERR_PTR(err);
	}
}

static void free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(ports.cache, container_of(rcu, struct xtcp_port, rcu));
}

/* Bucket lock held. */
static void free_if_unused(struct xtcp_port *port)
{
	if (!hlist_empty(&port->owners) ||
	    memchr_inv(port->time_waits, 0, sizeof(port->time_waits)))
		return;
	hlist_del_rcu(&port->node);
	xtcp_reserve_give_back(port->reservation);
	call_rcu(&port->rcu, free_rcu);
}

/* Bucket lock held. */
static void own(struct sock *sk, struct xtcp_port *port, bool explicit)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	xs->port = port;
	xs->port_explicit = explicit;
	port->explicit_binds += explicit;
	sk_add_bind_node(sk, &port->owners);
	inet_sk(sk)->inet_num = port->port;
	inet_sk(sk)->inet_sport = htons(port->port);
	xs->flow.local_port = htons(port->port);
}

static bool reuseport_together(const struct sock *a, const struct sock *b)
{
	return a->sk_reuseport && b->sk_reuseport && uid_eq(a->sk_uid, b->sk_uid);
}

/*
 * May @sk not share its port with @other? Only who chose it by number meant that
 * of another: a port given to whom any will do is shared with no one.
 */
static bool conflict(const struct sock *sk, const struct sock *other, bool chosen)
{
	if (sk == other)
		return false;
	if (sk->sk_bound_dev_if && other->sk_bound_dev_if &&
	    sk->sk_bound_dev_if != other->sk_bound_dev_if)
		return false;
	if (chosen && sk->sk_reuse && other->sk_reuse && other->sk_state != TCP_LISTEN)
		return false;
	if (chosen && reuseport_together(sk, other))
		return false;
	return xtcp_sk(sk)->af->bind_overlap(sk, other) &&
	       xtcp_sk(other)->af->bind_overlap(other, sk);
}

static u8 sharing_of(const struct sock *sk)
{
	return (sk->sk_reuse ? XTCP_PORT_REUSE : 0) |
	       (sk->sk_reuseport ? XTCP_PORT_REUSEPORT : 0);
}

/* Is there a record that shares in no way that @sharing does? */
static bool time_waits_conflict(const struct xtcp_port *port, u8 sharing)
{
	int i;

	for (i = 0; i < XTCP_PORT_SHARINGS; i++) {
		if (port->time_waits[i] && !(i & sharing))
			return true;
	}
	return false;
}

/* Bucket lock held. */
static bool in_use(struct sock *sk, const struct xtcp_port *port, bool chosen)
{
	struct sock *other;

	sk_for_each_bound(other, &port->owners) {
		if (conflict(sk, other, chosen))
			return true;
	}
	return time_waits_conflict(port, chosen ? sharing_of(sk) : 0);
}

static int bind_to(struct sock *sk, u16 num, bool chosen)
{
	struct port_bucket *bucket = bucket_of(sock_net(sk), num);
	struct xtcp_port *port = lock_port(sk, num, chosen, bucket);
	int err = 0;

	if (IS_ERR(port))
		return PTR_ERR(port);
	if (in_use(sk, port, chosen))
		err = -EADDRINUSE;
	else
		own(sk, port, true);
	free_if_unused(port);
	spin_unlock_bh(&bucket->lock);
	return err;
}

/* bind() to port 0: any port no one else is bound to, from a random start. */
static int bind_ephemeral(struct sock *sk)
{
	struct net *net = sock_net(sk);
	int i, low, high, range, start;
	u16 num;

	inet_sk_get_local_port_range(sk, &low, &high);
	range = high - low + 1;
	start = get_random_u32_below(range);
	for (i = 0; i < range; i++) {
		num = low + (start + i) % range;
		if (inet_is_local_reserved_port(net, num))
			continue;
		if (!bind_to(sk, num, false))
			return 0;
	}
	return -EADDRINUSE;
}

int xtcp_port_bind(struct sock *sk, unsigned short num)
{
	int err = xtcp_hooks_use(sk);

	if (err)
		return err;
	return num ? bind_to(sk, num, true) : bind_ephemeral(sk);
}

/* connect() may share a port as long as nobody bound it. */
static bool share(struct sock *sk, u16 num)
{
	struct port_bucket *bucket = bucket_of(sock_net(sk), num);
	struct xtcp_port *port = lock_port(sk, num, false, bucket);
	bool shared;

	if (IS_ERR(port))
		return false;
	shared = !port->explicit_binds;
	if (shared)
		own(sk, port, false);
	free_if_unused(port);
	spin_unlock_bh(&bucket->lock);
	return shared;
}

static int connect_from(struct sock *sk, u16 num, int (*enter)(struct sock *sk))
{
	int err;

	if (!share(sk, num))
		return -EADDRNOTAVAIL;
	err = enter(sk);
	if (err)
		xtcp_port_release(sk);
	return err;
}

/* RFC 6056 3.3.4: where to begin, from F(addresses, secret) and a table of counts. */
static u32 first_offset(const struct sock *sk, u32 *index)
{
	const struct xtcp_flow *flow = &xtcp_sk(sk)->flow;
	const siphash_key_t *secret = &xtcp_sk_net(sk)->secrets.port;
	u32 offset;

	offset = siphash_1u64(siphash(xtcp_flow_addrs(flow),
				      xtcp_flow_addrs_len(flow->family), secret),
			      secret) + (__force u16)flow->remote_port;
	*index = hash_32(offset, 8) % PERTURB_ENTRIES;
	return offset + READ_ONCE(ports.perturb[*index]);
}

int xtcp_port_connect(struct sock *sk, int (*enter)(struct sock *sk))
{
	int i, low, high, range;
	u32 offset, index;
	u16 num;

	if (xtcp_sk(sk)->port)
		return enter(sk);

	inet_sk_get_local_port_range(sk, &low, &high);
	range = high - low + 1;
	offset = first_offset(sk, &index);
	for (i = 0; i < range; i++) {
		num = low + (offset + i) % range;
		if (inet_is_local_reserved_port(sock_net(sk), num))
			continue;
		if (!connect_from(sk, num, enter)) {
			WRITE_ONCE(ports.perturb[index],
				   ports.perturb[index] + i + 1);
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

int xtcp_port_inherit(struct sock *child, u16 num)
{
	struct port_bucket *bucket = bucket_of(sock_net(child), num);
	struct xtcp_port *port;

	spin_lock_bh(&bucket->lock);
	port = find(bucket, sock_net(child), xtcp_sk(child)->flow.protocol, num);
	if (port)
		own(child, port, true);
	spin_unlock_bh(&bucket->lock);
	return port ? 0 : -ENOENT;
}

void xtcp_port_release(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct port_bucket *bucket;

	if (!xs->port)
		return;
	bucket = bucket_of(sock_net(sk), xs->port->port);
	spin_lock_bh(&bucket->lock);
	__sk_del_bind_node(sk);
	xs->port->explicit_binds -= xs->port_explicit;
	free_if_unused(xs->port);
	xs->port = NULL;
	inet_sk(sk)->inet_num = 0;
	spin_unlock_bh(&bucket->lock);
}

/* Two may have bound it with SO_REUSEADDR: only one listens. */
int xtcp_port_may_listen(struct sock *sk)
{
	struct xtcp_port *port = xtcp_sk(sk)->port;
	struct port_bucket *bucket = bucket_of(sock_net(sk), port->port);
	int err;

	spin_lock_bh(&bucket->lock);
	err = in_use(sk, port, true) ? -EADDRINUSE : 0;
	spin_unlock_bh(&bucket->lock);
	return err;
}

u8 xtcp_port_hold_time_wait(struct sock *sk)
{
	u8 sharing = sharing_of(sk);
	struct xtcp_port *port = xtcp_sk(sk)->port;
	struct port_bucket *bucket = bucket_of(sock_net(sk), port->port);

	spin_lock_bh(&bucket->lock);
	port->time_waits[sharing]++;
	spin_unlock_bh(&bucket->lock);
	return sharing;
}

void xtcp_port_put_time_wait(const struct xtcp_flow *flow, u8 sharing)
{
	const struct net *net = read_pnet(&flow->net);
	u16 num = ntohs(flow->local_port);
	struct port_bucket *bucket = bucket_of(net, num);
	struct xtcp_port *port;

	spin_lock_bh(&bucket->lock);
	port = find(bucket, net, flow->protocol, num);
	if (!WARN_ON_ONCE(!port)) {
		port->time_waits[sharing]--;
		free_if_unused(port);
	}
	spin_unlock_bh(&bucket->lock);
}

static struct xtcp_port *port_of(const struct xtcp_flow_key *key)
{
	u16 num = ntohs(key->local_port);

	return find(bucket_of(key->net, num), key->net, key->protocol, num);
}

bool xtcp_port_held(const struct xtcp_flow_key *key)
{
	bool held;

	rcu_read_lock();
	held = port_of(key);
	rcu_read_unlock();
	return held;
}

int xtcp_port_table_init(void)
{
	unsigned int i;

	ports.cache = KMEM_CACHE(xtcp_port, 0);
	ports.buckets = kvmalloc_array(PORT_BUCKETS, sizeof(*ports.buckets), GFP_KERNEL);
	if (!ports.cache || !ports.buckets) {
		xtcp_port_table_exit();
		return -ENOMEM;
	}
	mutex_init(&ports.reserving);
	for (i = 0; i < PORT_BUCKETS; i++) {
		spin_lock_init(&ports.buckets[i].lock);
		INIT_HLIST_HEAD(&ports.buckets[i].ports);
	}
	get_random_bytes(ports.perturb, sizeof(ports.perturb));
	return 0;
}

void xtcp_port_table_exit(void)
{
	kvfree(ports.buckets);
	kmem_cache_destroy(ports.cache);
}
