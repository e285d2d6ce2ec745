// SPDX-License-Identifier: GPL-2.0
/*
 * A child of a listener: a socket of its own for a request whose handshake is complete,
 * or that its SYN opened (RFC 7413). It takes the request's place in the flow table, and
 * waits in the accept queue.
 */

#include <linux/slab.h>
#include <xtcp/af.h>
#include <xtcp/child.h>
#include <xtcp/drop.h>
#include <xtcp/due.h>
#include <xtcp/end.h>
#include <xtcp/input.h>
#include <xtcp/listen.h>
#include <xtcp/listener.h>
#include <xtcp/output.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/reserve.h>
#include <xtcp/reset.h>
#include <xtcp/sock.h>
#include <xtcp/timewait.h>
#include <xtcp/trace.h>

/*
 * What sk_clone_lock() copied and a child must not have: sk->sk_prot and its like are
 * of use, but links, references, marks of the socket's life are its own. The socket
 * may be in any state by now, and of any.
 */
static void forget_parent(struct sock *child)
{
	struct xtcp_sock *xs = xtcp_sk(child);

	atomic64_set(&child->sk_cookie, 0);
	child->sk_frag.page = NULL;
	child->sk_frag.offset = 0;
	child->sk_frag.size = 0;
	child->sk_shutdown = 0;
	child->sk_ack_backlog = 0;
	child->sk_max_ack_backlog = 0;
	sock_reset_flag(child, SOCK_DEAD);
	xtcp_set_defer_connect(child, false);
	xs->port = NULL;
	xs->port_group = NULL;
	xs->port_explicit = false;
	xs->orphan = false;
	xs->batch_next = NULL;
	xs->heard_ns = 0;
	xs->ts_offset = 0;
	xtcp_due_init(child);
}

/* It is in no table, and of the family and protocol of its request. */
static void begin_flow(struct sock *child, const struct xtcp_flow *of)
{
	struct xtcp_sock *xs = xtcp_sk(child);

	memset(&xs->flow, 0, sizeof(xs->flow));
	xs->flow.kind = XTCP_FLOW_SOCKET;
	xs->flow.family = of->family;
	xs->flow.protocol = of->protocol;
	write_pnet(&xs->flow.net, sock_net(child));
	xs->af = xtcp_af_ops_of(child->sk_family, of->family);
}

struct sock *xtcp_child_clone(struct sock *sk, const struct xtcp_flow *flow)
{
	const struct xtcp_own *own;
	struct xtcp_sock *xs;
	struct sock *child;

	if (!xtcp_own_of_child(sk, &own))
		return NULL;
	child = sk_clone_lock(sk, GFP_ATOMIC);
	if (!child) {
		xtcp_own_free(own);
		return NULL;
	}
	xs = xtcp_sk(child);
	xs->own = own;
	xtcp_af_ops(child->sk_family)->unshare(child);
	forget_parent(child);
	begin_flow(child, flow);
	xtcp_timewait_share_queue(child);
	xtcp_reserve_share(xtcp_sk_net(child), xs->flow.protocol);
	xs->tcb.state = XTCP_SYN_RCVD;
	xs->state_since = (u32)jiffies;
	child->sk_state = TCP_SYN_RECV;
	xtcp_counters_move(xtcp_sk_net(child), XTCP_CLOSED, XTCP_SYN_RCVD);
	xtcp_reset_connection(child);
	xtcp_receive_quick_aside(&xs->rcv);
	sock_prot_inuse_add(sock_net(child), child->sk_prot, 1);
	return child;
}

void xtcp_child_unlock(struct sock *child)
{
	__acquire(&child->sk_lock.slock);	/* sparse: sk_clone_lock() did */
	bh_unlock_sock(child);
	sock_put(child);
}

static struct xtcp_saved_syn *saved_syn(const struct xtcp_request *req)
{
	return req->flow.saved_syn ? (struct xtcp_saved_syn *)(req + 1) : NULL;
}

/* Without memory TCP_SAVED_SYN has nothing to show. */
static void keep_saved_syn(struct sock *child, const struct xtcp_request *req)
{
	const struct xtcp_saved_syn *syn = saved_syn(req);
	struct xtcp_own *own = syn ? xtcp_own_make(child, XTCP_GFP_QUIET) : NULL;

	if (own)
		own->saved_syn = kmemdup(syn, sizeof(*syn) + syn->len, XTCP_GFP_QUIET);
}

/*
 * When the SYN-ACK went out, of which the child measures a round trip; 0: no one knows,
 * or it was answered before by who waited with his text. What he echoes then is as old.
 */
static u64 syn_ack_sent_ns(const struct xtcp_request *req)
{
	return req->cookie || req->flow.acked ? 0 : req->wait.start_ns;
}

/* How often it was lost, or its answer: who has answered was waited for in silence. */
static u8 syn_acks_resent(const struct xtcp_request *req)
{
	return req->flow.acked ? req->flow.resent : req->retransmits;
}

/* For TCP_INFO, as of who connected. The last of the waits the child adds itself. */
static void count_syn_acks(struct xtcp_sock *xs, const struct xtcp_request *req)
{
	xs->stats.retrans = xs->retransmits + READ_ONCE(req->flow.asked);
	xs->stats.rtos = xs->retransmits;
	xs->stats.rto_recoveries = !!xs->retransmits;
	xs->stats.rto_time_ms = xtcp_request_retries_ms(req->listener->sk, xs->retransmits);
}

/* The child, locked, in SYN_RCVD; in no table yet. */
static struct sock *create_child(const struct xtcp_request *req,
				 const struct sk_buff *skb, struct dst_entry *dst)
{
	struct sock *child = xtcp_child_clone(req->listener->sk, &req->flow);
	struct xtcp_sock *xs;

	if (!child) {
		dst_release(dst);
		return NULL;
	}
	xs = xtcp_sk(child);
	xtcp_request_expand(req, &xs->tcb);
	xs->tcb.rcv_adv = xs->tcb.rcv_nxt + xtcp_request_window(req, dst);
	xs->route_clamp = dst_metric(dst, RTAX_WINDOW);
	xs->ts_offset = req->ts_offset;
	xs->first_retransmit_ns = syn_ack_sent_ns(req);
	xs->retransmits = syn_acks_resent(req);
	count_syn_acks(xs, req);
	xs->snd.write_seq = req->iss + 1;
	xs->snd.small_seq = req->iss;
	keep_saved_syn(child, req);
	child->sk_mark = req->mark;
	xs->af->child_init(child, req->listener->sk, req, skb, dst);
	xtcp_input_mark(child, skb);
	WRITE_ONCE(child->sk_txhash, READ_ONCE(req->txhash));
	if (!xtcp_port_inherit(child, ntohs(req->flow.local_port)))
		return child;
	xtcp_destroy_unaccepted(child);
	xtcp_child_unlock(child);
	return NULL;
}

/* @child took the request's place and knows the segment: now to accept(). */
static void hand_over(struct xtcp_listener *listener, struct sock *child)
{
	if (xtcp_listen_queue_child(listener, child)) {
		xtcp_count(xtcp_sk_net(child), XTCP_CNT_PASSIVE_OPENS);
		xtcp_child_unlock(child);
		listener->sk->sk_data_ready(listener->sk);
		return;
	}
	xtcp_count(xtcp_sk_net(child), XTCP_CNT_REQUEST_LISTENER_CLOSED);
	xtcp_count(xtcp_sk_net(child), XTCP_CNT_ABORT_ON_LISTENER);
	xtcp_output_rst(child, XTCP_CNT_ABORT_ON_LISTENER);
	xtcp_destroy_unaccepted(child);
	xtcp_child_unlock(child);
}

/* Into the place of @held, if there is one: the request is gone then. */
static bool take_place(struct xtcp_request *held, struct sock *child)
{
	struct xtcp_flow *flow = &xtcp_sk(child)->flow;

	if (!held)
		return !xtcp_flow_insert(flow);
	if (!xtcp_flow_replace(&held->flow, flow))
		return false;
	xtcp_request_release(held);
	return true;
}

/* A child by @req in the place of @held, made by @skb, locked; or NULL, and why. */
static struct sock *enter_child(const struct xtcp_request *req,
				struct xtcp_request *held, const struct sk_buff *skb,
				struct dst_entry *dst, enum xtcp_drop *why)
{
	struct sock *child;

	*why = XTCP_DROP_NO_ROUTE;
	if (!dst)
		return NULL;
	*why = XTCP_DROP_NO_MEMORY;
	child = create_child(req, skb, dst);
	if (!child)
		return NULL;
	if (take_place(held, child))
		return child;
	*why = XTCP_DROP_RACE;
	xtcp_destroy_unaccepted(child);
	xtcp_child_unlock(child);
	return NULL;
}

/*
 * The accept queue is full. The client believes the connection open: the SYN-ACK
 * comes again, or if it was a cookie the client's text, and with it another chance;
 * or abort_on_overflow tells it the truth.
 */
static void overflow(const struct xtcp_request *req, struct xtcp_request *held,
		     struct sk_buff *skb, const struct xtcp_segment *seg)
{
	struct xtcp_net *xn = xtcp_request_net(req);

	xtcp_count(xn, XTCP_CNT_LISTEN_OVERFLOWS);
	if (xtcp_knob(xn, abort_on_overflow)) {
		xtcp_reset_reply(xn, xtcp_request_af(req), skb, seg, XTCP_DROP_LISTEN_FULL,
				 req->listener->sk);
		if (held)
			xtcp_request_drop(held, XTCP_CNT_ABORT_ON_OVERFLOW);
	}
	xtcp_drop_segment(xn, skb, XTCP_DROP_LISTEN_FULL);
}

void xtcp_child_open(const struct xtcp_request *req,
		     struct xtcp_request *held, struct sk_buff *skb,
			       const struct xtcp_segment *seg)
{
	struct xtcp_listener *listener = req->listener;
	struct sock *child;
	struct xtcp_net *xn = xtcp_request_net(req);
	enum xtcp_drop why;

	if (xtcp_listen_accept_full(listener)) {
		overflow(req, held, skb, seg);
		return;
	}
	child = enter_child(req, held, skb, xtcp_request_af(req)->request_route(listener->sk, req),
			    &why);
	if (!child) {
		if (why == XTCP_DROP_NO_MEMORY)
			xtcp_count(xn, XTCP_CNT_LISTEN_NO_MEMORY);
		xtcp_drop_segment(xn, skb, why);
		return;
	}
	if (!held)
		xtcp_count(xn, XTCP_CNT_SYNCOOKIES_RECV);
	xtcp_input_segment(child, skb);
	hand_over(listener, child);
}

/*
 * handshake_ways 2, the experiment: a SYN is enough. An old one, whose sender
 * knows nothing of it any more, leaves a connection behind that no one ends.
 */
void xtcp_child_open_at_once(struct xtcp_request *req, const struct sk_buff *skb,
			     const struct xtcp_segment *syn, struct dst_entry *dst)
{
	struct xtcp_listener *listener = req->listener;
	struct sock *child;
	enum xtcp_drop why;

	child = enter_child(req, req, skb, dst, &why);
	if (!child) {
		xtcp_request_drop(req, XTCP_CNT_LISTEN_NO_MEMORY);
		return;
	}
	xtcp_input_established_by_syn(child, syn);
	hand_over(listener, child);
}

/* The same of a child that a SYN opens. Locked; or NULL. */
static struct sock *enter_early(const struct xtcp_request *req, const struct sk_buff *skb,
				struct dst_entry *dst)
{
	enum xtcp_drop why;
	struct sock *child = enter_child(req, NULL, skb, dst_clone(dst), &why);

	if (!child || xtcp_fastopen_begin(child, req->listener))
		return child;
	xtcp_destroy_unaccepted(child);
	xtcp_child_unlock(child);
	return NULL;
}

/*
 * Fast Open: the child is there at once, in SYN_RCVD, and with it what the SYN
 * says. False: it is not, and @dst is the caller's as before.
 */
bool xtcp_child_open_early(const struct xtcp_request *req, struct sk_buff *skb,
			   const struct xtcp_segment *syn, struct dst_entry *dst,
		       const struct xtcp_fastopen_cookie *cookie)
{
	struct xtcp_listener *listener = req->listener;
	struct sock *child = enter_early(req, skb, dst);

	if (!child) {
		xtcp_fastopen_give_back(listener);
		return false;
	}
	dst_release(dst);
	xtcp_count(xtcp_request_net(req), XTCP_CNT_REQUESTS);
	trace_xtcp_set_state(req, &req->flow, XTCP_LISTEN, XTCP_SYN_RCVD);
	xtcp_input_early(child, skb, syn, cookie);
	hand_over(listener, child);
	return true;
}
