// SPDX-License-Identifier: GPL-2.0
/*
 * Ports of sockets that speak protocol 6, kept from the kernel's TCP by one of
 * its own sockets, bound to the port and never used: bind() of others then
 * fails with EADDRINUSE, connect() of others takes another port; and where the
 * kernel's TCP has the port already, that bind fails, and so does ours.
 */

#include <linux/net.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <xtcp/hooks.h>

struct xtcp_reservation {
	struct work_struct work;	/* to give it back, in process context */
	struct socket *holder;
};

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

static int make_holder(struct net *net, struct socket **holder)
{
	int err = -EAFNOSUPPORT;

#if IS_ENABLED(CONFIG_IPV6)
	if (ipv6_mod_enabled())
		err = sock_create_kern(net, PF_INET6, SOCK_STREAM, IPPROTO_TCP, holder);
#endif
	if (err)
		err = sock_create_kern(net, PF_INET, SOCK_STREAM, IPPROTO_TCP, holder);
	if (err)
		return err;
	/* Not sock_lock_init_class_and_name(): rmmod would wait for a TIME_WAIT's holder. */
	lockdep_set_class_and_name(&(*holder)->sk->sk_lock.slock, &holder_slock,
				   "slock-XTCP-PORT");
	lockdep_set_class_and_name(&(*holder)->sk->sk_lock, &holder_lock, "sk_lock-XTCP-PORT");
	return 0;
}

static void give_back(struct work_struct *work)
{
	struct xtcp_reservation *r = container_of(work, struct xtcp_reservation, work);

	/* A real listener would have queues to end. */
	inet_sk_set_state(r->holder->sk, TCP_CLOSE);
	sock_release(r->holder);
	kfree(r);
}

static struct xtcp_reservation *take(const struct sock *sk, u16 num, bool reuse)
{
	struct xtcp_reservation *r = kzalloc(sizeof(*r), GFP_KERNEL);
	int err;

	if (!r)
		return ERR_PTR(-ENOMEM);
	INIT_WORK(&r->work, give_back);
	err = make_holder(sock_net(sk), &r->holder);
	if (err) {
		kfree(r);
		return ERR_PTR(err);
	}
	err = hold(r->holder->sk, num, reuse);
	if (err) {
		give_back(&r->work);
		return ERR_PTR(err);
	}
	return r;
}

struct xtcp_reservation *xtcp_reserve_take(const struct sock *sk, u16 num, bool reuse)
{
	struct xtcp_reservation *r = take(sk, num, reuse);

	/* It may be our own holder of before, about to give the port back. */
	if (r == ERR_PTR(-EADDRINUSE)) {
		xtcp_reserve_flush();
		r = take(sk, num, reuse);
	}
	return r;
}

void xtcp_reserve_give_back(struct xtcp_reservation *reservation)
{
	if (reservation)
		queue_work(givers, &reservation->work);
}

void xtcp_reserve_flush(void)
{
	flush_workqueue(givers);
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
