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
#include <xtcp/drop.h>
#include <xtcp/end.h>
#include <xtcp/header.h>
#include <xtcp/listen.h>
#include <xtcp/output.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/reset.h>
#include <xtcp/sock.h>
#include <xtcp/state.h>

/* From LISTEN on: of two that bound the same port and listen at once, each sees the other. */
static int open_listener(struct sock *sk, struct xtcp_listener *l)
{
	return xtcp_port_may_listen(sk) ?: xtcp_listener_insert(l);
}

int xtcp_listen_start(struct sock *sk, int backlog)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct xtcp_listener *l;
	struct xtcp_own *own;
	int err = 0;

	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	if (sk->sk_state == TCP_LISTEN)
		return 0;
	own = xtcp_own_make(sk, GFP_KERNEL_ACCOUNT);
	if (!own || xtcp_fastopen_listen(sk, backlog))
		return -ENOMEM;
	if (!xs->port) {
		err = xtcp_port_bind(sk, 0);
		if (err)
			return err;
	}
	l = xtcp_listener_create(sk);
	if (!l)
		return -ENOMEM;
	xtcp_request_listen(l);
	sk_dst_reset(sk);
	sk->sk_ack_backlog = 0;
	xtcp_state_set(sk, XTCP_LISTEN);
	rcu_assign_pointer(own->listener, l);
	err = open_listener(sk, l);
	if (err) {
		RCU_INIT_POINTER(own->listener, NULL);
		xtcp_state_set(sk, XTCP_CLOSED);
		xtcp_listener_put(l);
	}
	return err;
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
	struct xtcp_listener *l = xtcp_sk_listener(sk);
	struct hlist_node *next;
	struct sock *child;
	HLIST_HEAD(children);

	xtcp_listener_remove(l);
	spin_lock_bh(&l->lock);
	l->open = false;
	hlist_move_list(&l->accept_queue, &children);
	l->accept_len = 0;
	sk->sk_ack_backlog = 0;
	spin_unlock_bh(&l->lock);
	xtcp_request_unlisten(l);
	xtcp_fastopen_unlisten(l);
	hlist_for_each_entry_safe(child, next, &children, sk_node) {
		hlist_del_init(&child->sk_node);
		drop_child(child);
		cond_resched();
	}
	RCU_INIT_POINTER(xtcp_own(sk)->listener, NULL);
	xtcp_listener_put(l);
}

bool xtcp_listen_accept_full(const struct xtcp_listener *l)
{
	return READ_ONCE(l->accept_len) > READ_ONCE(l->sk->sk_max_ack_backlog);
}

bool xtcp_listen_queue_child(struct xtcp_listener *l, struct sock *child)
{
	bool open;

	spin_lock_bh(&l->lock);
	open = l->open;
	if (open) {
		if (hlist_empty(&l->accept_queue))
			hlist_add_head(&child->sk_node, &l->accept_queue);
		else
			hlist_add_behind(&child->sk_node, &l->accept_last->sk_node);
		l->accept_last = child;
		WRITE_ONCE(l->accept_len, l->accept_len + 1);
		WRITE_ONCE(l->sk->sk_ack_backlog, l->accept_len);
	}
	spin_unlock_bh(&l->lock);
	return open;
}

static struct sock *dequeue(struct sock *sk)
{
	struct xtcp_listener *l = xtcp_sk_listener(sk);
	struct sock *child;

	spin_lock_bh(&l->lock);
	child = hlist_entry_safe(l->accept_queue.first, struct sock, sk_node);
	if (child) {
		hlist_del_init(&child->sk_node);
		WRITE_ONCE(l->accept_len, l->accept_len - 1);
		WRITE_ONCE(sk->sk_ack_backlog, l->accept_len);
	}
	spin_unlock_bh(&l->lock);
	return child;
}

bool xtcp_listen_acceptable(const struct sock *sk)
{
	const struct xtcp_listener *l;
	bool acceptable;

	rcu_read_lock();
	l = rcu_dereference(READ_ONCE(xtcp_sk(sk)->own)->listener);
	acceptable = l && !hlist_empty(&l->accept_queue);
	rcu_read_unlock();
	return acceptable;
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
		err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN)
			break;
		err = 0;
		if (xtcp_listen_acceptable(sk))
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

bool xtcp_listen_requests_full(const struct xtcp_listener *l)
{
	unsigned int len = READ_ONCE(l->requests.len);

	return len >= xtcp_knob(xtcp_net(l->net), max_syn_backlog) ||
	       len > READ_ONCE(l->sk->sk_max_ack_backlog);
}

bool xtcp_listen_refuse(struct xtcp_listener *l, struct sk_buff *skb)
{
	struct xtcp_net *xn = xtcp_net(l->net);

	if (!xtcp_listen_accept_full(l))
		return false;
	xtcp_count(xn, XTCP_CNT_LISTEN_OVERFLOWS);
	xtcp_drop_segment(xn, skb, XTCP_DROP_LISTEN_FULL);
	return true;
}

void xtcp_listen_syn(struct xtcp_listener *l, struct sk_buff *skb,
		     const struct xtcp_flow_key *key,
		     const struct xtcp_segment *seg, u32 iss)
{
	struct xtcp_net *xn = xtcp_net(l->net);
	bool full = !iss && xtcp_listen_requests_full(l);

	if (xtcp_listen_refuse(l, skb))
		return;
	if (full)
		xtcp_count(xn, XTCP_CNT_REQUEST_OVERFLOWS);
	if (!iss && xtcp_cookie_wanted(l, full)) {
		xtcp_cookie_syn(l, skb, key, seg);
		return;
	}
	if (full && !xtcp_request_make_room(l)) {
		xtcp_drop_segment(xn, skb, XTCP_DROP_REQUESTS_FULL);
		return;
	}
	xtcp_request_new(l, skb, key, seg, iss);
}

void xtcp_listen_input(struct xtcp_listener *l, struct sk_buff *skb,
		       const struct xtcp_flow_key *key)
{
	struct xtcp_tcb tcb = { .state = XTCP_LISTEN };
	struct xtcp_net *xn = xtcp_net(l->net);
	struct xtcp_segment seg;
	struct xtcp_verdict v;

	xtcp_header_parse(skb, &seg);
	if (xtcp_cookie_ack(l, skb, key, &seg, NULL))
		return;
	xtcp_segment_arrives(&tcb, &seg, 0, &v);
	if (v.events & XTCP_EV_NEW_SYN) {
		xtcp_listen_syn(l, skb, key, &seg, 0);
		return;
	}
	if (v.reply == XTCP_REPLY_RST && !xtcp_cookie_patience(l, &seg))
		xtcp_reset_reply(xn, xtcp_af_ops(key->family), skb, &seg, v.drop,
				 l->sk);
	xtcp_drop_segment(xn, skb, v.drop);
}
