// SPDX-License-Identifier: GPL-2.0
/*
 * A listener and its two queues: requests, half open, up to max_syn_backlog
 * and the backlog; children, established, waiting for accept(), up to the
 * backlog. Segments for a listener are handled without its socket lock: only
 * listener->lock guards the queues.
 */

#include <linux/slab.h>
#include <net/sock.h>
#include <xtcp/cookie.h>
#include <xtcp/input.h>
#include <xtcp/output.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/reset.h>
#include <xtcp/sock.h>

struct xtcp_listener *xtcp_listen_prepare(struct sock *sk)
{
	struct xtcp_listener *l = xtcp_sk(sk)->listener;

	if (l)
		return l;
	l = kzalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return NULL;
	spin_lock_init(&l->lock);
	INIT_LIST_HEAD(&l->accept_queue);
	INIT_LIST_HEAD(&l->requests);
	INIT_LIST_HEAD(&l->early_resets);
	xtcp_sk(sk)->listener = l;
	return l;
}

static bool has_own_rto(const struct sock *sk)
{
	const struct xtcp_own_knobs *own = &xtcp_sk(sk)->own;

	return own->rto_init_ms != XTCP_OWN_UNSET || own->rto_max_ms != XTCP_OWN_UNSET;
}

int xtcp_listen_start(struct sock *sk, int backlog)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	int err = 0;

	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	if (sk->sk_state == TCP_LISTEN)
		return 0;
	if (!xtcp_listen_prepare(sk))
		return -ENOMEM;
	xtcp_fastopen_listen(sk, backlog);
	if (!xs->port) {
		err = xtcp_port_bind(sk, 0);
		if (err)
			return err;
	}
	sk_dst_reset(sk);
	sk->sk_ack_backlog = 0;
	/*
	 * LISTEN first: of two that bound the same port and listen at once,
	 * each sees the other under the bucket lock.
	 */
	xtcp_state_set(sk, XTCP_LISTEN);
	if (has_own_rto(sk))
		err = xtcp_request_own_queues(sk);
	err = err ?: xtcp_port_listen(sk);
	if (err) {
		xtcp_request_free_queues(sk);
		xtcp_state_set(sk, XTCP_CLOSED);
		return err;
	}
	spin_lock_bh(&xs->listener->lock);
	xs->listener->open = true;
	spin_unlock_bh(&xs->listener->lock);
	return 0;
}

static void drop_requests(struct xtcp_listener *l)
{
	struct xtcp_request *req;

	for (;;) {
		rcu_read_lock();
		spin_lock_bh(&l->lock);
		req = list_first_entry_or_null(&l->requests, struct xtcp_request,
					       listener_link);
		spin_unlock_bh(&l->lock);
		if (req)
			xtcp_request_drop(req, XTCP_CNT_REQUEST_LISTENER_CLOSED);
		rcu_read_unlock();
		if (!req)
			return;
	}
}

/* A child nobody accepted: its peer learns by RST (RFC 9293 3.10.4). */
static void drop_child(struct sock *child)
{
	local_bh_disable();
	bh_lock_sock(child);
	sock_hold(child);
	if (child->sk_state != TCP_CLOSE) {
		xtcp_count(xtcp_sk_net(child), XTCP_CNT_ABORT_ON_LISTENER);
		xtcp_output_rst(child, XTCP_CNT_ABORT_ON_LISTENER);
	}
	xtcp_destroy_unaccepted(child);
	bh_unlock_sock(child);
	local_bh_enable();
	sock_put(child);
}

void xtcp_listen_stop(struct sock *sk)
{
	struct xtcp_listener *l = xtcp_sk(sk)->listener;
	struct xtcp_sock *child;
	LIST_HEAD(children);

	xtcp_port_unlisten(sk);
	spin_lock_bh(&l->lock);
	l->open = false;
	list_splice_init(&l->accept_queue, &children);
	l->accept_len = 0;
	sk->sk_ack_backlog = 0;
	spin_unlock_bh(&l->lock);
	drop_requests(l);
	xtcp_request_free_queues(sk);
	while (!list_empty(&children)) {
		child = list_first_entry(&children, struct xtcp_sock, accept_link);
		list_del_init(&child->accept_link);
		drop_child((struct sock *)child);
		cond_resched();
	}
}

void xtcp_listen_free(struct sock *sk)
{
	struct xtcp_listener *l = xtcp_sk(sk)->listener;

	if (!l)
		return;
	xtcp_fastopen_free(l);
	kfree(l);
	xtcp_sk(sk)->listener = NULL;
}

bool xtcp_listen_accept_full(const struct sock *sk)
{
	return READ_ONCE(xtcp_sk(sk)->listener->accept_len) >
		READ_ONCE(sk->sk_max_ack_backlog);
}

bool xtcp_listen_queue_child(struct sock *listener, struct sock *child)
{
	struct xtcp_listener *l = xtcp_sk(listener)->listener;
	bool open;

	spin_lock_bh(&l->lock);
	open = l->open;
	if (open) {
		list_add_tail(&xtcp_sk(child)->accept_link, &l->accept_queue);
		WRITE_ONCE(l->accept_len, l->accept_len + 1);
		WRITE_ONCE(listener->sk_ack_backlog, l->accept_len);
	}
	spin_unlock_bh(&l->lock);
	return open;
}

static struct sock *dequeue(struct sock *sk)
{
	struct xtcp_listener *l = xtcp_sk(sk)->listener;
	struct xtcp_sock *child;

	spin_lock_bh(&l->lock);
	child = list_first_entry_or_null(&l->accept_queue, struct xtcp_sock,
					 accept_link);
	if (child) {
		list_del_init(&child->accept_link);
		WRITE_ONCE(l->accept_len, l->accept_len - 1);
		WRITE_ONCE(sk->sk_ack_backlog, l->accept_len);
	}
	spin_unlock_bh(&l->lock);
	return (struct sock *)child;
}

bool xtcp_listen_acceptable(const struct sock *sk)
{
	return !list_empty_careful(&xtcp_sk(sk)->listener->accept_queue);
}

/* Context: socket lock, released while waiting; @timeo is what is left of it. */
static int wait_for_child(struct sock *sk, long *timeo)
{
	DEFINE_WAIT(wait);
	int err;

	/* Exclusive: one child wakes one of those who wait. */
	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		release_sock(sk);
		if (!xtcp_listen_acceptable(sk))
			*timeo = schedule_timeout(*timeo);
		sched_annotate_sleep();
		lock_sock(sk);
		err = 0;
		if (xtcp_listen_acceptable(sk))
			break;
		err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN)
			break;
		err = sock_intr_errno(*timeo);
		if (signal_pending(current))
			break;
		err = -EAGAIN;
		if (!*timeo)
			break;
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

struct sock *xtcp_listen_accept(struct sock *sk, int flags, int *err)
{
	struct sock *child = NULL;
	long timeo;

	lock_sock(sk);
	*err = -EINVAL;
	if (sk->sk_state != TCP_LISTEN)
		goto out;
	timeo = sock_rcvtimeo(sk, flags & O_NONBLOCK);
	*err = -EAGAIN;
	while (!(child = dequeue(sk))) {
		if (!timeo)
			goto out;
		*err = wait_for_child(sk, &timeo);
		if (*err)
			goto out;
	}
	*err = 0;
out:
	release_sock(sk);
	return child;
}

bool xtcp_listen_requests_full(const struct sock *sk)
{
	unsigned int len = READ_ONCE(xtcp_sk(sk)->listener->request_len);

	return len >= xtcp_knob(xtcp_sk_net(sk), max_syn_backlog) ||
	       len > READ_ONCE(sk->sk_max_ack_backlog);
}

bool xtcp_listen_refuse(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_net *xn = xtcp_sk_net(sk);

	if (!xtcp_listen_accept_full(sk))
		return false;
	xtcp_count(xn, XTCP_CNT_LISTEN_OVERFLOWS);
	xtcp_input_drop(xn, skb, XTCP_DROP_LISTEN_FULL);
	return true;
}

void xtcp_listen_syn(struct sock *sk, struct sk_buff *skb,
		     const struct xtcp_flow_key *key,
		     const struct xtcp_segment *seg, u32 iss)
{
	struct xtcp_net *xn = xtcp_sk_net(sk);
	bool full = !iss && xtcp_listen_requests_full(sk);

	if (xtcp_listen_refuse(sk, skb))
		return;
	if (full)
		xtcp_count(xn, XTCP_CNT_REQUEST_OVERFLOWS);
	if (!iss && xtcp_cookie_wanted(sk, full))
		xtcp_cookie_syn(sk, skb, key, seg);
	else if (full)
		xtcp_input_drop(xn, skb, XTCP_DROP_LISTEN_FULL);
	else
		xtcp_request_new(sk, skb, key, seg, iss);
}

void xtcp_listen_input(struct sock *sk, struct sk_buff *skb,
		       const struct xtcp_flow_key *key)
{
	struct xtcp_tcb tcb = { .state = XTCP_LISTEN };
	struct xtcp_net *xn = xtcp_sk_net(sk);
	struct xtcp_segment seg;
	struct xtcp_verdict v;

	xtcp_input_parse(skb, &seg);
	if (xtcp_cookie_ack(sk, skb, key, &seg, NULL))
		return;
	xtcp_segment_arrives(&tcb, &seg, 0, &v);
	if (v.events & XTCP_EV_NEW_SYN) {
		xtcp_listen_syn(sk, skb, key, &seg, 0);
		return;
	}
	if (v.reply == XTCP_REPLY_RST && !xtcp_cookie_patience(sk, &seg))
		xtcp_reset_reply(xn, xtcp_af_ops(key->family), skb, &seg, v.drop);
	xtcp_input_drop(xn, skb, v.drop);
}
