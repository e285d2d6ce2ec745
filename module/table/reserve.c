// SPDX-License-Identifier: GPL-2.0
/*
 * Ports of sockets that speak protocol 6, kept from the kernel's TCP by one of
 * its own sockets, which is never used. For a port that somebody bound it is bound
 * as well: bind() of others then fails with EADDRINUSE, connect() of others takes
 * another port; and where the kernel's TCP has the port already, that bind fails,
 * and so does ours. For a port that connect() chose it stands in the table of
 * connections: the kernel's TCP shares the port with it, but not the 4-tuple.
 */

#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/inet6_hashtables.h>
#include <net/inet_hashtables.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <xtcp/compat.h>
#include <xtcp/reserve.h>
#include <xtcp/sock.h>

struct xtcp_reservation {
	struct llist_node giving;	/* xtcp_net.given_back */
	struct socket *holder;
};

/* Of all namespaces, each with work of its own: none waits for what another gives back. */
static struct workqueue_struct *givers;

/* A holder is locked under the lock of a socket that may be the kernel's own as well. */
static struct lock_class_key holder_slock, holder_lock;

/*
 * What bind() does to the table of ports, for all addresses (the wildcard of IPv6
 * includes that of IPv4), and nothing else: no program bound anything, for its
 * cgroup or security module to judge. With SO_REUSEADDR, being a listener keeps
 * those out who would share the port; it is not in the table of listeners, for no
 * segment may find it. The second look is listen()'s: is another one listening?
 */
static int hold(struct sock *sk, u16 num, bool reuse)
{
	int err;

	lock_sock(sk);
	sk->sk_ipv6only = 0;
	sk->sk_reuse = reuse ? SK_CAN_REUSE : SK_NO_REUSE;
	err = sk->sk_prot->get_port(sk, num) ? -EADDRINUSE : 0;
	if (!err && reuse) {
		inet_sk_set_state(sk, TCP_LISTEN);
		err = sk->sk_prot->get_port(sk, num) ? -EADDRINUSE : 0;
	}
	release_sock(sk);
	return err;
}

#ifdef XTCP_HAVE_HASH_CONNECT

static void set_addrs(struct sock *sk, const struct xtcp_flow *flow)
{
	inet_sk(sk)->inet_dport = flow->remote_port;
	if (flow->family == AF_INET) {
		sk_rcv_saddr_set(sk, flow->addrs4.local);
		sk_daddr_set(sk, flow->addrs4.remote);
		return;
	}
#if IS_ENABLED(CONFIG_IPV6)
	sk->sk_v6_rcv_saddr = ((struct xtcp_addrs6 *)xtcp_flow_addrs(flow))->local;
	sk->sk_v6_daddr = ((struct xtcp_addrs6 *)xtcp_flow_addrs(flow))->remote;
#endif
}

static int hash_connect(struct sock *sk)
{
	struct inet_timewait_death_row *row = &sock_net(sk)->ipv4.tcp_death_row;

#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6)
		return inet6_hash_connect(row, sk);
#endif
	return inet_hash_connect(row, sk);
}

/*
 * What connect() does to both tables, with one port to choose from. It stays CLOSED:
 * what finds it by mistake is dropped there.
 */
static int hold_connection(struct sock *sk, const struct sock *owner)
{
	const struct xtcp_flow *flow = &xtcp_sk(owner)->flow;
	u32 num = ntohs(flow->local_port), range = num << 16 | num;
	int err;

	err = ip_setsockopt(sk, SOL_IP, IP_LOCAL_PORT_RANGE, KERNEL_SOCKPTR(&range),
			    sizeof(range));
	if (err)
		return err;
	lock_sock(sk);
	sk->sk_bound_dev_if = owner->sk_bound_dev_if;
	sk->sk_reuse = owner->sk_reuse;
	set_addrs(sk, flow);
	err = hash_connect(sk);
	/* The range of the namespace changed meanwhile. */
	if (!err && inet_sk(sk)->inet_num != num)
		err = -EADDRNOTAVAIL;
	release_sock(sk);
	return err;
}

#else

/* The kernel does not let modules do that: the whole port, then. */
static int hold_connection(struct sock *sk, const struct sock *owner)
{
	return hold(sk, ntohs(xtcp_sk(owner)->flow.local_port), false);
}

#endif

static int make_holder(struct net *net, int family, struct socket **holder)
{
	int err = sock_create_kern(net, family, SOCK_STREAM, IPPROTO_TCP, holder);

	if (err)
		return err;
	/* Not sock_lock_init_class_and_name(): rmmod would wait for a TIME_WAIT's holder. */
	lockdep_set_class_and_name(&(*holder)->sk->sk_lock.slock, &holder_slock,
				   "slock-XTCP-PORT");
	lockdep_set_class_and_name(&(*holder)->sk->sk_lock, &holder_lock, "sk_lock-XTCP-PORT");
	return 0;
}

static void end(struct xtcp_reservation *r)
{
	struct sock *sk = r->holder->sk;

	/* A real listener would have queues to end, a real connection a peer to tell. */
	inet_sk_set_state(sk, TCP_CLOSE);
	sk->sk_prot->unhash(sk);
	sock_release(r->holder);
	kfree(r);
}

static void end_given_back(struct work_struct *work)
{
	struct xtcp_net *xn = container_of(work, struct xtcp_net, giver);
	struct xtcp_reservation *r, *next;

	llist_for_each_entry_safe(r, next, llist_del_all(&xn->given_back), giving) {
		end(r);
		cond_resched();
	}
}

static struct xtcp_reservation *create(const struct sock *sk, int family)
{
	struct xtcp_reservation *r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	int err;

	if (!r)
		return ERR_PTR(-ENOMEM);
	err = make_holder(sock_net(sk), family, &r->holder);
	if (err) {
		kfree(r);
		return ERR_PTR(err);
	}
	return r;
}

/* @r, or if it failed @err. */
static struct xtcp_reservation *settle(struct xtcp_reservation *r, int err)
{
	if (!err)
		return r;
	end(r);
	return ERR_PTR(err);
}

static struct xtcp_reservation *take(const struct sock *sk, u16 num, bool reuse)
{
	bool ipv6 = IS_ENABLED(CONFIG_IPV6) && ipv6_mod_enabled();
	struct xtcp_reservation *r = create(sk, ipv6 ? PF_INET6 : PF_INET);

	return IS_ERR(r) ? r : settle(r, hold(r->holder->sk, num, reuse));
}

struct xtcp_reservation *xtcp_reserve_connection(const struct sock *sk)
{
	struct xtcp_reservation *r = create(sk, xtcp_sk(sk)->flow.family);

	return IS_ERR(r) ? r : settle(r, hold_connection(r->holder->sk, sk));
}

struct xtcp_reservation *xtcp_reserve_take(const struct sock *sk, u16 num, bool reuse)
{
	struct xtcp_reservation *r = take(sk, num, reuse);

	/* It may be our own holder of before, about to give the port back. */
	if (r == ERR_PTR(-EADDRINUSE)) {
		xtcp_reserve_flush(xtcp_sk_net(sk));
		r = take(sk, num, reuse);
	}
	return r;
}

void xtcp_reserve_give_back(struct xtcp_reservation *reservation)
{
	struct xtcp_net *xn;

	if (!reservation)
		return;
	xn = xtcp_net(sock_net(reservation->holder->sk));
	llist_add(&reservation->giving, &xn->given_back);
	queue_work(givers, &xn->giver);
}

/* What comes later makes it no longer: of work under way, only the next is waited for. */
void xtcp_reserve_flush(struct xtcp_net *xn)
{
	flush_work(&xn->giver);
}

void xtcp_reserve_net_init(struct xtcp_net *xn)
{
	mutex_init(&xn->reserving);
	init_llist_head(&xn->given_back);
	INIT_WORK(&xn->giver, end_given_back);
}

int xtcp_reserve_init(void)
{
	givers = alloc_workqueue("xtcp_ports", WQ_UNBOUND, 0);
	return givers ? 0 : -ENOMEM;
}

void xtcp_reserve_exit(void)
{
	destroy_workqueue(givers);
}

/* --- how many speak protocol 6 ------------------------------------------------ */

/*
 * Hooks that come and go rewrite the kernel's text (its static keys) on every CPU. Who
 * opens and closes sockets in a row must not make it do so at each.
 */
#define UNHOOK_DELAY HZ

void xtcp_reserve_share(struct xtcp_net *xn, u8 protocol)
{
	if (protocol == IPPROTO_TCP)
		atomic_inc(&xn->hook_users);
}

void xtcp_reserve_leave(struct xtcp_net *xn, u8 protocol)
{
	if (protocol == IPPROTO_TCP && atomic_dec_and_test(&xn->hook_users))
		schedule_delayed_work(&xn->unhook, UNHOOK_DELAY);
}
