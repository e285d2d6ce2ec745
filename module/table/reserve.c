// SPDX-License-Identifier: GPL-2.0
/*
 * Ports of sockets that speak protocol 6, kept from the kernel's TCP by one of
 * its own sockets, bound to the port and never used: bind() of others then
 * fails with EADDRINUSE, connect() of others takes another port; and where the
 * kernel's TCP has the port already, that bind fails, and so does ours.
 */

#include <linux/in6.h>
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

static int bind_any4(struct socket *holder, u16 num)
{
	struct sockaddr_in any = {
		.sin_family	= AF_INET,
		.sin_port	= htons(num),
	};

	return kernel_bind(holder, (struct sockaddr *)&any, sizeof(any));
}

/* Both families: the wildcard of IPv6 includes that of IPv4. */
static int bind_any6(struct socket *holder, u16 num)
{
	struct sockaddr_in6 any = {
		.sin6_family	= AF_INET6,
		.sin6_port	= htons(num),
	};

	holder->sk->sk_ipv6only = 0;
	return kernel_bind(holder, (struct sockaddr *)&any, sizeof(any));
}

/*
 * Listening keeps those out who would share the port by SO_REUSEADDR. But no
 * segment may find this listener, for it lives on for a moment after the port
 * was given back: it leaves the table of listeners, not the port.
 */
static int listen_deaf(struct socket *holder)
{
	struct sock *sk = holder->sk;
	int err = kernel_listen(holder, 0);

	if (err)
		return err;
	lock_sock(sk);
	sk->sk_prot->unhash(sk);
	release_sock(sk);
	return 0;
}

/* SO_REUSEADDR lets us bind over the kernel's TIME_WAITs. */
static int hold(struct socket *holder, const struct sock *sk, u16 num)
{
	int err;

	holder->sk->sk_reuse = sk->sk_reuse;
	err = holder->sk->sk_family == AF_INET ? bind_any4(holder, num) :
						 bind_any6(holder, num);
	if (!err && sk->sk_reuse)
		err = listen_deaf(holder);
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

	sock_release(r->holder);
	kfree(r);
}

static struct xtcp_reservation *take(const struct sock *sk, u16 num)
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
	err = hold(r->holder, sk, num);
	if (err) {
		give_back(&r->work);
		return ERR_PTR(err);
	}
	return r;
}

struct xtcp_reservation *xtcp_reserve_take(const struct sock *sk, u16 num)
{
	struct xtcp_reservation *r = take(sk, num);

	/* It may be our own holder of before, about to give the port back. */
	if (r == ERR_PTR(-EADDRINUSE)) {
		xtcp_reserve_flush();
		r = take(sk, num);
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
