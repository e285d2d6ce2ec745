// SPDX-License-Identifier: GPL-2.0
/*
 * The way up of a segment, and of what ICMP says about one, the same for all families:
 * find its flow, and hand it to what that is. Softirq, under RCU.
 */

#include <xtcp/demux.h>
#include <xtcp/drop.h>
#include <xtcp/header.h>
#include <xtcp/hooks.h>
#include <xtcp/icmp.h>
#include <xtcp/input.h>
#include <xtcp/listen.h>
#include <xtcp/request.h>
#include <xtcp/reset.h>
#include <xtcp/skb.h>
#include <xtcp/sock.h>
#include <xtcp/timewait.h>

/* As the kernel's TCP; the sum of what a user set may be more than an int. */
static u32 backlog_limit(const struct sock *sk)
{
	return min(2ULL * READ_ONCE(sk->sk_rcvbuf) + READ_ONCE(sk->sk_sndbuf) / 2 +
		   64 * 1024, (u64)UINT_MAX);
}

/*
 * The connection that @skb was for may have ended since the lookup, and the socket
 * be another one now, or a listener: then no one answers. Where someone stands in
 * that place again, he will when it comes once more. Socket lock.
 */
static void deliver(struct sock *sk, struct sk_buff *skb, const struct xtcp_flow_key *key)
{
	if (xtcp_flow_is(&xtcp_sk(sk)->flow, key))
		xtcp_input_segment(sk, skb);
	else
		xtcp_drop_segment(xtcp_sk_net(sk), skb, XTCP_DROP_MOVED);
}

int xtcp_demux_backlog(struct sock *sk, struct sk_buff *skb)
{
	struct xtcp_flow_key key;
	union {
		struct xtcp_addrs4 v4;
		struct xtcp_addrs6 v6;
	} addrs;

	/* skb->cb is IP's still, but for the end of it (struct xtcp_skb_cb). */
#if IS_ENABLED(CONFIG_IPV6)
	if (skb->protocol == htons(ETH_P_IPV6))
		xtcp_ipv6_fill_key(&key, &addrs.v6, sock_net(sk), skb, tcp_hdr(skb),
				   xtcp_hooks_protocol6(skb));
	else
#endif
		xtcp_ipv4_fill_key(&key, &addrs.v4, sock_net(sk), skb, tcp_hdr(skb),
				   xtcp_hooks_protocol4(skb));
	deliver(sk, skb, &key);
	return 0;
}

/* Segments of text that differ in nothing but their text, @skb where @tail ends. */
static bool continues(const struct sk_buff *tail, const struct sk_buff *skb)
{
	const struct tcphdr *a = tcp_hdr(tail), *b = tcp_hdr(skb);
	u32 header_len = a->doff * 4, text_len = tail->len - header_len;
	u8 both = xtcp_control_bits(a) | xtcp_control_bits(b);

	return a->doff == b->doff && !memcmp(a + 1, b + 1, header_len - sizeof(*a)) &&
	       text_len && skb->len > header_len && !(both & ~(XTCP_ACK | XTCP_PSH | XTCP_FIN)) &&
	       a->ack && b->ack && !a->fin && ntohl(a->seq) + text_len == ntohl(b->seq);
}

/* The octets of a segment of text, or of the segments that the device joined. */
static u16 segment_size(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_size ?:
		min_t(u32, skb->len - tcp_hdr(skb)->doff * 4, U16_MAX);
}

/*
 * Small segments cost many times their text while they wait, too. Join @skb to the last
 * that does, if it continues that. @skb is gone then. Socket's spinlock.
 */
static bool join_backlog(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *tail = sk->sk_backlog.tail;
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcphdr *last;
	u32 segments;
	bool fragstolen;
	u16 size;
	int delta;

	/* A FIN of what a filter cut is not behind its text. */
	if (!tail || XTCP_SKB_CB(tail)->cut || XTCP_SKB_CB(skb)->cut || !continues(tail, skb))
		return false;
	size = max(segment_size(tail), segment_size(skb));
	segments = xtcp_skb_segments(tail) + xtcp_skb_segments(skb);
	__skb_pull(skb, th->doff * 4);
	if (!skb_try_coalesce(tail, skb, &fragstolen, &delta)) {
		__skb_push(skb, th->doff * 4);
		return false;
	}
	last = tcp_hdr(tail);
	if (xtcp_seq_geq(ntohl(th->ack_seq), ntohl(last->ack_seq))) {
		last->ack_seq = th->ack_seq;
		last->window = th->window;
	}
	last->psh |= th->psh;
	last->fin |= th->fin;
	tail->tstamp = skb->tstamp ?: tail->tstamp;
	skb_shinfo(tail)->gso_size = size;
	skb_shinfo(tail)->gso_segs = min_t(u32, segments, U16_MAX);
	sk->sk_backlog.len += delta;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_BACKLOG_JOINED);
	kfree_skb_partial(skb, fragstolen);
	return true;
}

/* The user has the socket. False: too much waits for it already. */
static bool to_backlog(struct sock *sk, struct sk_buff *skb)
{
	skb_condense(skb);
	return join_backlog(sk, skb) || !sk_add_backlog(sk, skb, backlog_limit(sk));
}

/*
 * No reference is taken: SOCK_RCU_FREE keeps the socket while we are under RCU,
 * and under its lock we look whether it is the one still.
 */
static void to_socket(struct sock *sk, struct sk_buff *skb,
		      const struct xtcp_flow_key *key)
{
	bool full = false;

	skb_orphan(skb);
	skb->dev = NULL;
	bh_lock_sock_nested(sk);
	/* SO_INCOMING_CPU; a listener's is its user's to set. */
	if (sk->sk_state != TCP_LISTEN)
		sk_incoming_cpu_update(sk);
	if (!sock_owned_by_user(sk))
		deliver(sk, skb, key);
	else
		full = !to_backlog(sk, skb);
	bh_unlock_sock(sk);
	if (full)
		xtcp_drop_segment(xtcp_sk_net(sk), skb, XTCP_DROP_BACKLOG);
}

/*
 * A SYN that a TIME_WAIT lets through is for whoever listens now; its ISN, @iss, is above
 * the old numbers. False: no one takes it.
 */
static bool begin_anew(struct xtcp_time_wait *tw, struct sk_buff *skb,
		       const struct xtcp_flow_key *key, u32 iss)
{
	struct xtcp_listener *listener = xtcp_listener_lookup(key, skb);
	struct xtcp_net *xn = xtcp_net(key->net);
	struct xtcp_segment seg;
	enum xtcp_drop verdict;

	if (!listener)
		return false;
	verdict = xtcp_drop_judge(listener->sk, skb, key->family);
	if (verdict) {
		xtcp_drop_segment(xn, skb, verdict);
		return true;
	}
	/* A filter may have cut off text. */
	xtcp_header_parse(skb, &seg);
	/* It comes again: until then the record stays. */
	if (xtcp_listen_refuse(listener, skb))
		return true;
	if (!xtcp_timewait_drop(tw))
		return false;
	xtcp_count(xn, XTCP_CNT_TIME_WAIT_REUSED);
	xtcp_listen_syn(listener, skb, key, &seg, iss);
	return true;
}

static void to_time_wait(struct xtcp_time_wait *tw, struct sk_buff *skb,
			 const struct xtcp_flow_key *key)
{
	u32 iss = xtcp_timewait_input(tw, skb);

	if (iss && !begin_anew(tw, skb, key, iss))
		xtcp_timewait_refuse(tw, skb);
}

static void to_flow(struct xtcp_flow *flow, struct sk_buff *skb,
		    const struct xtcp_flow_key *key)
{
	switch (flow->kind) {
	case XTCP_FLOW_SOCKET:
		to_socket(xtcp_flow_sk(flow), skb, key);
		break;
	case XTCP_FLOW_REQUEST:
		xtcp_request_input(container_of(flow, struct xtcp_request, flow), skb,
				   key);
		break;
	case XTCP_FLOW_TIME_WAIT:
		to_time_wait(container_of(flow, struct xtcp_time_wait, flow), skb, key);
		break;
	}
}

/* RFC 9293 3.10.7.1: no one there. */
static void to_no_one(struct xtcp_net *xn, const struct xtcp_af_ops *af,
		      struct sk_buff *skb)
{
	enum xtcp_drop verdict = xtcp_drop_judge(NULL, skb, af->family);
	struct xtcp_segment seg;

	if (!verdict) {
		xtcp_header_parse(skb, &seg);
		xtcp_reset_reply(xn, af, skb, &seg, XTCP_DROP_NO_FLOW, NULL);
		verdict = XTCP_DROP_NO_FLOW;
	}
	xtcp_drop_segment(xn, skb, verdict);
}

/*
 * Who judges whether the segment may pass: socket or listener. A TIME_WAIT record has
 * no socket any more; a listener that gets its SYN judges it (begin_anew()).
 */
static struct sock *policy_owner(struct xtcp_flow *flow, struct xtcp_listener *listener)
{
	if (!flow)
		return listener->sk;
	switch (flow->kind) {
	case XTCP_FLOW_SOCKET:
		return xtcp_flow_sk(flow);
	case XTCP_FLOW_REQUEST:
		return container_of(flow, struct xtcp_request, flow)->listener->sk;
	default:
		return NULL;
	}
}

void xtcp_demux_segment(struct xtcp_net *xn, const struct xtcp_af_ops *af,
			struct sk_buff *skb, const struct xtcp_flow_key *key)
{
	struct xtcp_flow *flow = xtcp_flow_lookup(key);
	struct xtcp_listener *listener = flow ? NULL : xtcp_listener_lookup(key, skb);
	enum xtcp_drop verdict;

	if (!flow && !listener) {
		to_no_one(xn, af, skb);
		return;
	}
	verdict = xtcp_drop_judge(policy_owner(flow, listener), skb, af->family);
	if (verdict) {
		xtcp_drop_segment(xn, skb, verdict);
		return;
	}
	if (flow)
		to_flow(flow, skb, key);
	else
		xtcp_listen_input(listener, skb, key);
}

static void icmp_to_socket(struct sock *sk, const struct xtcp_flow_key *key,
			   const struct xtcp_icmp *icmp)
{
	if (xtcp_icmp_from_too_far(sk, key->family, icmp))
		return;
	bh_lock_sock(sk);
	if (xtcp_flow_is(&xtcp_sk(sk)->flow, key))
		xtcp_icmp_tell_socket(sk, icmp);
	bh_unlock_sock(sk);
}

void xtcp_demux_icmp(struct xtcp_flow *flow, const struct xtcp_flow_key *key,
		     const struct xtcp_icmp *icmp)
{
	switch (flow->kind) {
	case XTCP_FLOW_SOCKET:
		icmp_to_socket(xtcp_flow_sk(flow), key, icmp);
		break;
	case XTCP_FLOW_REQUEST:
		xtcp_icmp_tell_request(container_of(flow, struct xtcp_request, flow), icmp);
		break;
	case XTCP_FLOW_TIME_WAIT:
		break;			/* it waits for no one */
	}
}

bool xtcp_demux_header(struct sk_buff *skb)
{
	if (!pskb_may_pull(skb, sizeof(struct tcphdr)))
		return false;
	if (tcp_hdr(skb)->doff < sizeof(struct tcphdr) / 4)
		return false;
	return pskb_may_pull(skb, tcp_hdr(skb)->doff * 4);
}
