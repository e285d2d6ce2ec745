// SPDX-License-Identifier: GPL-2.0
/*
 * The request: a connection half open, SYN_RCVD without a socket. It repeats
 * its SYN-ACK from a queue of its listener for each length of the wait, until the
 * third segment of the handshake turns it into a child of its listener, or until
 * synack_retries are used up. Where that was to bring text (TCP_DEFER_ACCEPT) and did
 * not, it waits on in other queues, out of the way of those that make room.
 *
 * A request is in two places: the flow table, and one of those queues. Who takes it
 * out of the flow table takes it out of the queue and frees it.
 */

#include <linux/slab.h>
#include <net/inet_ecn.h>
#include <xtcp/child.h>
#include <xtcp/cookie.h>
#include <xtcp/drop.h>
#include <xtcp/header.h>
#include <xtcp/isn.h>
#include <xtcp/limit.h>
#include <xtcp/listen.h>
#include <xtcp/mss.h>
#include <xtcp/request.h>
#include <xtcp/reset.h>
#include <xtcp/sock.h>
#include <xtcp/trace.h>
#include <xtcp/window.h>

static struct xtcp_flow_cache cache;

static struct xtcp_fifo *fifo_of(const struct xtcp_request *req)
{
	return &req->listener->requests;
}

/* Which queue for the wait after so many SYN-ACKs sent again: how often it was doubled. */
static unsigned int level_after(const struct xtcp_net *xn, unsigned int retransmits)
{
	u32 linear = xtcp_knob(xn, synack_linear_timeouts);

	return retransmits > linear ? min(retransmits - linear, XTCP_RETRY_LEVELS - 1U) : 0;
}

static unsigned int level_of(const struct xtcp_request *req)
{
	return level_after(xtcp_request_net(req), req->retransmits) +
	       (req->flow.acked ? XTCP_RETRY_LEVELS : 0);
}

static void free_rcu(struct rcu_head *rcu)
{
	struct xtcp_request *req = container_of(rcu, struct xtcp_request, wait.rcu);

	if (req->flow.saved_syn)
		kfree((u8 *)req - xtcp_flow_headroom(req->flow.family));
	else
		xtcp_flow_cache_free(&cache, &req->flow);
}

/* Out of its queue, and gone. It is unhashed. */
void xtcp_request_release(struct xtcp_request *req)
{
	xtcp_fifo_del(fifo_of(req), &req->wait);
	atomic_dec(&xtcp_request_net(req)->requests);
	call_rcu(&req->wait.rcu, free_rcu);
}

void xtcp_request_drop(struct xtcp_request *req, enum xtcp_counter why)
{
	if (!xtcp_flow_remove(&req->flow))
		return;
	xtcp_count(xtcp_request_net(req), why);
	xtcp_count(xtcp_request_net(req), XTCP_CNT_ATTEMPT_FAILS);
	trace_xtcp_set_state(req, &req->flow, XTCP_SYN_RCVD, XTCP_CLOSED);
	xtcp_request_release(req);
}

/* --- a full queue --------------------------------------------------------- */

/*
 * Where there are no cookies. Who is in the queue may have our SYN-ACK already, and
 * must not learn by RST that it was not meant: rather the SYN that finds no room is
 * dropped, and comes again. But who did not answer for an RTO, and was asked again,
 * makes room.
 *
 * If many do not answer, it is a flood of spoofed SYNs, and an RTO is too long a wait:
 * they make room once their SYN-ACK is out for twice as long as answers took of late.
 * With less patience honest clients are evicted; with more, few SYNs find room. While
 * no one answers at all, it is searched for.
 */
enum {
	UNANSWERED_WEIGHT = 16,			/* so many requests count, about */
	UNANSWERED_FLOOD = U8_MAX / 4,
};

#define PATIENCE_LEAST_NS	NSEC_PER_MSEC	/* of a search, but for none at all */
#define PATIENCE_MOST_NS	NSEC_PER_SEC
#define PATIENCE_TRY_NS		(2ULL * NSEC_PER_SEC)

static bool in_flood(const struct xtcp_listener *l)
{
	return READ_ONCE(l->unanswered) > UNANSWERED_FLOOD;
}

static void note_unanswered(struct xtcp_listener *l)
{
	u8 share = READ_ONCE(l->unanswered);

	WRITE_ONCE(l->unanswered, share + DIV_ROUND_UP(U8_MAX - share, UNANSWERED_WEIGHT));
}

/* The third segment came. How long it took is known if it was asked for once. */
static void note_answer(const struct xtcp_request *req)
{
	u64 now_ns = ktime_get_ns(), twice_ns, patience_ns;
	struct xtcp_listener *l = req->listener;
	u8 share = READ_ONCE(l->unanswered);

	WRITE_ONCE(l->unanswered, share - DIV_ROUND_UP(share, UNANSWERED_WEIGHT));
	WRITE_ONCE(l->patience_tried_ns, now_ns);
	if (req->retransmits || READ_ONCE(req->flow.asked))
		return;
	twice_ns = min_t(u64, 2 * (now_ns - req->wait.start_ns), PATIENCE_MOST_NS);
	patience_ns = READ_ONCE(l->patience_ns);
	/* The slow ones are to come in, too: it grows at once, and shrinks by and by. */
	if (twice_ns < patience_ns)
		twice_ns = patience_ns - (patience_ns - twice_ns) / 8;
	WRITE_ONCE(l->patience_ns, twice_ns);
}

/* Too short for all, or so long that no honest SYN found room: 0, 1, 4 ... 256 ms, 0. */
static void search_patience(struct xtcp_listener *l)
{
	u64 now_ns = ktime_get_ns(), patience_ns = READ_ONCE(l->patience_ns);

	if (in_flood(l)) {
		if (now_ns - READ_ONCE(l->patience_tried_ns) < PATIENCE_TRY_NS)
			return;
		patience_ns = max_t(u64, 4 * patience_ns, PATIENCE_LEAST_NS);
		if (patience_ns > PATIENCE_MOST_NS)
			patience_ns = 0;
		WRITE_ONCE(l->patience_ns, patience_ns);
	}
	WRITE_ONCE(l->patience_tried_ns, now_ns);
}

/* Not who has answered meanwhile. */
static bool may_go(const struct xtcp_fifo_entry *entry)
{
	const struct xtcp_request *req = container_of(entry, struct xtcp_request, wait);
	const struct xtcp_listener *l = req->listener;

	if (req->flow.acked)
		return false;
	return req->retransmits ||
	       (in_flood(l) && ktime_get_ns() - entry->start_ns >= READ_ONCE(l->patience_ns));
}

bool xtcp_request_make_room(struct xtcp_listener *l)
{
	struct xtcp_fifo_entry *oldest;
	struct xtcp_request *req;

	search_patience(l);
	oldest = xtcp_fifo_oldest(&l->requests, XTCP_RETRY_LEVELS, may_go);
	if (!oldest)
		return false;
	req = container_of(oldest, struct xtcp_request, wait);
	if (!req->retransmits)
		note_unanswered(l);
	xtcp_request_drop(req, XTCP_CNT_REQUEST_EVICTED);
	return true;
}

/* --- the second segment -------------------------------------------------- */

static u32 tsval(const struct xtcp_request *req)
{
	u32 now = xtcp_ts_now(req->ts_offset);

	return req->cookie ? xtcp_cookie_tsval(now, req->cookie) : now;
}

static void fill_header(const struct xtcp_request *req, u8 ctl, struct xtcp_header *h)
{
	*h = (struct xtcp_header){
		.source	= req->flow.local_port,
		.dest	= req->flow.remote_port,
		.seq	= req->iss + !(ctl & XTCP_SYN),
		.ack	= ctl & XTCP_ACK ? req->irs + 1 : 0,
		.ctl	= ctl,
		.wnd	= ctl & XTCP_SYN ? req->rcv_wnd : req->rcv_wnd >> req->flow.rcv_wscale,
	};
	if (req->flow.ts_ok) {
		h->opt.has_ts = 1;
		h->opt.tsval = tsval(req);
		h->opt.tsecr = ctl & XTCP_ACK ? READ_ONCE(req->ts_recent) : 0;
	}
}

/* What is announced over @dst (ip-route(8)). */
u16 xtcp_request_window(const struct xtcp_request *req, const struct dst_entry *dst)
{
	const struct sock *sk = req->listener->sk;
	u32 mss = xtcp_mss_announced(sk, xtcp_request_af(req), dst);

	if (req->flow.ts_ok)
		mss -= XTCP_OLEN_TS_ALIGNED;
	return xtcp_window_by_route(sk, dst, mss, req->rcv_wnd);
}

/*
 * Send what has SYN, ACK or both, and a Fast Open @cookie unless that is empty;
 * takes @dst. An ACK alone precedes the SYN.
 */
static void send(const struct xtcp_request *req, u8 ctl, struct dst_entry *dst,
		 const struct xtcp_fastopen_cookie *cookie)
{
	struct sk_buff *skb = alloc_skb(XTCP_HEADROOM + XTCP_HEADER_MAX, XTCP_GFP_QUIET);
	struct xtcp_header h;

	if (!skb) {
		dst_release(dst);
		return;
	}
	fill_header(req, ctl, &h);
	h.seq = req->iss;
	if (ctl & XTCP_SYN) {
		h.wnd = xtcp_request_window(req, dst);
		h.opt.mss = xtcp_mss_announced(req->listener->sk, xtcp_request_af(req), dst);
		h.opt.has_wscale = req->flow.wscale_ok;
		h.opt.wscale = req->flow.rcv_wscale;
		xtcp_options_add_cookie(&h.opt, cookie);
	}
	skb_set_hash(skb, READ_ONCE(req->txhash), PKT_HASH_TYPE_L4);
	skb_reserve(skb, XTCP_HEADROOM);
	skb_reset_transport_header(skb);
	xtcp_header_write(skb_put(skb, xtcp_header_len(&h)), &h);
	skb->mark = req->mark ?: READ_ONCE(req->listener->sk->sk_mark);
	skb->priority = READ_ONCE(req->listener->sk->sk_priority);
	xtcp_count(xtcp_request_net(req), XTCP_CNT_OUT_SEGS);
	xtcp_request_af(req)->request_xmit(req->listener->sk, skb, &req->flow, dst, req->flow.tos);
}

/* With handshake_ways 4 the second segment is two. */
static void send_syn_ack(const struct xtcp_request *req, struct dst_entry *dst,
			 const struct xtcp_fastopen_cookie *cookie)
{
	if (xtcp_sk_knob(req->listener->sk, handshake_ways) != 4) {
		send(req, XTCP_SYN | XTCP_ACK, dst, cookie);
		return;
	}
	dst_hold(dst);
	send(req, XTCP_ACK, dst, NULL);
	send(req, XTCP_SYN, dst, cookie);
}

void xtcp_request_send_syn_ack(const struct xtcp_request *req, struct dst_entry *dst)
{
	send_syn_ack(req, dst, NULL);
}

/* RTO_INIT, doubled @level times, at most RTO_MAX. */
static u64 retry_delay_ms(const struct sock *sk, unsigned int level)
{
	return min_t(u64, (u64)xtcp_sk_knob(sk, rto_init_ms) << level,
		     xtcp_sk_knob(sk, rto_max_ms));
}

static u64 retry_delay_ns(const struct xtcp_fifo *fifo, unsigned int level)
{
	const struct xtcp_listener *l = container_of(fifo, struct xtcp_listener, requests);

	return retry_delay_ms(l->sk, level % XTCP_RETRY_LEVELS) * NSEC_PER_MSEC;
}

u64 xtcp_request_retries_ms(const struct sock *sk, u8 retries)
{
	unsigned int n;
	u64 ms = 0;

	for (n = 0; n < retries; n++)
		ms += retry_delay_ms(sk, level_after(xtcp_sk_net(sk), n));
	return ms;
}

u8 xtcp_request_retries_in(const struct sock *sk, u64 ms)
{
	u8 retries = 1;

	while (retries < U8_MAX && xtcp_request_retries_ms(sk, retries) < ms)
		retries++;
	return retries;
}

/* Of several paths to the peer it takes another one (net.core.txrehash). */
static void repeat_syn_ack(struct xtcp_request *req)
{
	struct dst_entry *dst;

	if (READ_ONCE(req->listener->sk->sk_txrehash) == SOCK_TXREHASH_ENABLED)
		WRITE_ONCE(req->txhash, net_tx_rndhash());
	dst = xtcp_request_af(req)->request_route(req->listener->sk, req);
	if (!dst)
		return;			/* perhaps next time */
	xtcp_count(xtcp_request_net(req), XTCP_CNT_SYN_ACK_RETRANS);
	trace_xtcp_retransmit(req, &req->flow, XTCP_RETRANSMIT_SYN_ACK, req->iss, 0,
			      req->retransmits,
			      retry_delay_ns(fifo_of(req), level_of(req)));
	xtcp_request_send_syn_ack(req, dst);
}

/* Wait from @from_ns on for the next retry. False: it is ended, perhaps by us. */
static bool wait_on(struct xtcp_request *req, u64 from_ns)
{
	if (req->retransmits < U8_MAX)
		req->retransmits++;
	req->wait.start_ns = from_ns;
	if (xtcp_fifo_add(fifo_of(req), level_of(req), &req->wait, &req->flow))
		return true;
	xtcp_request_drop(req, XTCP_CNT_REQUEST_LISTENER_CLOSED);
	return false;
}

/*
 * TCP_DEFER_ACCEPT: the client holds its handshake complete. It waits in silence,
 * until the last SYN-ACK before the time is up makes it acknowledge once more.
 */
static bool silent(const struct xtcp_request *req)
{
	return req->flow.acked &&
	       req->retransmits + 1 < READ_ONCE(xtcp_sk(req->listener->sk)->own->defer_accept);
}

static bool given_up(const struct xtcp_request *req)
{
	u32 retries = xtcp_sk_knob(req->listener->sk, synack_retries) +
		      xtcp_knob(xtcp_request_net(req), synack_linear_timeouts);

	return req->retransmits >= retries &&
	       (!req->flow.acked ||
		req->retransmits >= READ_ONCE(xtcp_sk(req->listener->sk)->own->defer_accept));
}

/*
 * Retries count from when they were due, as those of sockets do (due.c); but from now
 * where that is long ago, because the machine stood still or the RTO is shorter now:
 * what was missed is not made up for, and nothing given up before it could be answered.
 */
static void due(struct xtcp_fifo *fifo, unsigned int level,
		struct xtcp_fifo_entry *entry)
{
	struct xtcp_request *req = container_of(entry, struct xtcp_request, wait);
	u64 delay_ns = retry_delay_ns(fifo, level), now_ns = ktime_get_ns();
	u64 due_ns = entry->start_ns + delay_ns;
	bool late = now_ns > due_ns + delay_ns / 2;
	bool quiet = silent(req);

	if (!req->retransmits && !req->flow.acked)
		note_unanswered(req->listener);
	if (fifo->stopped)
		xtcp_request_drop(req, XTCP_CNT_REQUEST_LISTENER_CLOSED);
	else if (!late && given_up(req))
		xtcp_request_drop(req, XTCP_CNT_SYN_ACK_TIMEOUTS);
	else if (wait_on(req, late ? now_ns : due_ns) && !quiet)
		repeat_syn_ack(req);
}

static const struct xtcp_fifo_ops fifo_ops = {
	.delay_ns	= retry_delay_ns,
	.due		= due,
};

void xtcp_request_expand(const struct xtcp_request *req, struct xtcp_tcb *tcb)
{
	struct xtcp_net *xn = xtcp_request_net(req);

	*tcb = (struct xtcp_tcb){
		.state		= XTCP_SYN_RCVD,
		.passive	= 1,
		.ts_ok		= req->flow.ts_ok,
		.wscale_ok	= req->flow.wscale_ok,
		.snd_wscale	= req->flow.snd_wscale,
		.rcv_wscale	= req->flow.rcv_wscale,
		.snd_mss	= req->snd_mss,
		.iss		= req->iss,
		.snd_una	= req->iss,
		.snd_nxt	= req->iss + 1,
		.irs		= req->irs,
		.rcv_nxt	= req->irs + 1,
		.rcv_adv	= req->irs + 1 + req->rcv_wnd,
		.last_ack_sent	= req->irs + 1,
		.ts_recent	= READ_ONCE(req->ts_recent),
		.ts_recent_us	= div_u64(req->wait.start_ns, NSEC_PER_USEC),
		.paws_idle_us	= xtcp_net_paws_idle_us(xn),
	};
}

/* --- the first segment --------------------------------------------------- */

void xtcp_request_agree(const struct xtcp_net *xn, struct xtcp_options *opt)
{
	opt->has_wscale &= !!xtcp_knob(xn, window_scaling);
	opt->has_ts &= !!xtcp_knob(xn, timestamps);
}

static void negotiate(struct xtcp_request *req, u32 irs, const struct xtcp_options *opt)
{
	u8 rcv_wscale;

	req->irs = irs;
	req->snd_mss = opt->mss ?: xtcp_request_af(req)->mss_default;
	req->flow.wscale_ok = opt->has_wscale;
	req->flow.snd_wscale = opt->has_wscale ? opt->wscale : 0;
	req->rcv_wnd = xtcp_window_initial(req->listener->sk, opt->has_wscale, &rcv_wscale);
	req->flow.rcv_wscale = rcv_wscale;
	req->flow.ts_ok = opt->has_ts;
	req->ts_recent = opt->tsval;
	req->ts_offset = xtcp_isn_ts_offset(xtcp_request_net(req), &req->flow);
}

/*
 * Headers of the SYN that TCP_SAVED_SYN shows: from IP on, or from the link layer.
 * That of a cookie is gone.
 */
static u32 syn_headers(const struct sock *listener, const struct sk_buff *skb,
		       const u8 **from)
{
	u8 save = READ_ONCE(xtcp_sk(listener)->own->save_syn);

	if (!save || !tcp_hdr(skb)->syn)
		return 0;
	*from = save == 2 && skb_mac_header_was_set(skb) ? skb_mac_header(skb) :
							   skb_network_header(skb);
	return skb_transport_header(skb) + tcp_hdrlen(skb) - *from;
}

static struct xtcp_request *alloc_request(u8 family, const u8 *syn, u32 syn_len)
{
	size_t headroom = xtcp_flow_headroom(family);
	struct xtcp_request *req;
	u8 *p;

	if (!syn_len)
		return xtcp_flow_cache_alloc(&cache, family, XTCP_GFP_QUIET | __GFP_ZERO);
	p = kzalloc(headroom + sizeof(*req) + sizeof(struct xtcp_saved_syn) + syn_len,
		    XTCP_GFP_QUIET);
	if (!p)
		return NULL;
	req = (struct xtcp_request *)(p + headroom);
	((struct xtcp_saved_syn *)(req + 1))->len = syn_len;
	memcpy(((struct xtcp_saved_syn *)(req + 1))->data, syn, syn_len);
	return req;
}

/*
 * The device of a connection: the listener's; where a listener that is bound to none
 * takes what comes in by a VRF, that VRF, for the way back leads there.
 */
static int bound_device(const struct sock *sk, const struct xtcp_flow_key *key)
{
	int bound = READ_ONCE(sk->sk_bound_dev_if);

	/* With @key->sdif, @key->dif is the VRF's own device. */
	return bound || !key->sdif ? bound : key->dif;
}

void xtcp_request_fill(struct xtcp_request *req, struct xtcp_listener *listener,
		       const struct sk_buff *skb, const struct xtcp_flow_key *key,
		       u32 irs, const struct xtcp_options *opt)
{
	const struct sock *sk = listener->sk;
	struct xtcp_net *xn = xtcp_net(listener->net);
	struct xtcp_flow_key own = *key;

	own.dif = key->scope ?: bound_device(sk, key);
	xtcp_flow_init(&req->flow, XTCP_FLOW_REQUEST, &own);
	req->flow.mapped = sk->sk_family != key->family;
	req->listener = listener;
	req->mark = xtcp_knob(xn, fwmark_accept) && skb->mark ? skb->mark :
								READ_ONCE(sk->sk_mark);
	req->flow.tos = xtcp_request_af(req)->tos(sk);
	if (xtcp_knob(xn, reflect_tos))
		req->flow.tos = (key->tos & ~INET_ECN_MASK) |
				(req->flow.tos & INET_ECN_MASK);
	req->txhash = net_tx_rndhash();
	req->wait.start_ns = ktime_get_ns();
	negotiate(req, irs, opt);
}

static struct xtcp_request *create(struct xtcp_listener *listener, const struct sk_buff *skb,
				   const struct xtcp_flow_key *key,
				   const struct xtcp_segment *seg)
{
	struct xtcp_options opt = seg->opt;
	const u8 *syn = NULL;
	u32 syn_len = syn_headers(listener->sk, skb, &syn);
	struct xtcp_request *req = alloc_request(key->family, syn, syn_len);

	if (!req)
		return NULL;
	xtcp_request_agree(xtcp_net(listener->net), &opt);
	xtcp_request_fill(req, listener, skb, key, seg->seq, &opt);
	req->flow.saved_syn = syn_len > 0;
	xtcp_fifo_prepare(&req->wait, req->wait.start_ns);
	return req;
}

/*
 * Into both places; false: no one saw it, for the listener closed, or another CPU was
 * first, to this place or to the last one in the queue, unless there is always one for
 * @req. The lock: a listener that closes finds in its queues whoever is to be found in
 * the flow table, for who finds a request there looks at its listener.
 */
static bool enter(struct xtcp_request *req, bool always)
{
	struct xtcp_listener *l = req->listener;
	bool entered;

	spin_lock_bh(&l->lock);
	entered = l->open && (always || !xtcp_listen_requests_full(l)) &&
		  !xtcp_flow_insert(&req->flow);
	if (entered) {
		atomic_inc(&xtcp_request_net(req)->requests);
		xtcp_fifo_add(fifo_of(req), level_of(req), &req->wait, &req->flow);
	}
	spin_unlock_bh(&l->lock);
	return entered;
}

void xtcp_request_new(struct xtcp_listener *listener, struct sk_buff *skb,
		      const struct xtcp_flow_key *key,
		      const struct xtcp_segment *seg, u32 iss)
{
	struct xtcp_net *xn = xtcp_net(listener->net);
	struct xtcp_request *req = create(listener, skb, key, seg);
	struct xtcp_fastopen_cookie cookie;
	struct dst_entry *dst;

	if (!req) {
		xtcp_count(xn, XTCP_CNT_LISTEN_NO_MEMORY);
		xtcp_drop_segment(xn, skb, XTCP_DROP_NO_MEMORY);
		return;
	}
	req->iss = iss ?: xtcp_isn_new(xn, &req->flow,
				       xtcp_sk_knob(listener->sk, isn_mode));
	dst = xtcp_request_af(req)->request_route(listener->sk, req);
	/* What the SYN-ACK says is what comes is judged by. */
	if (dst)
		req->rcv_wnd = xtcp_request_window(req, dst);
	if (dst && xtcp_fastopen_admit(listener, &req->flow, seg, dst, &cookie) &&
	    xtcp_child_open_early(req, skb, seg, dst, &cookie)) {
		free_rcu(&req->wait.rcu);	/* no one saw it */
		return;
	}
	if (!dst || !enter(req, iss)) {
		xtcp_drop_segment(xn, skb, dst ? XTCP_DROP_RACE : XTCP_DROP_NO_ROUTE);
		dst_release(dst);
		free_rcu(&req->wait.rcu);	/* no one saw it */
		return;
	}
	xtcp_count(xn, XTCP_CNT_REQUESTS);
	trace_xtcp_set_state(req, &req->flow, XTCP_LISTEN, XTCP_SYN_RCVD);
	if (xtcp_sk_knob(listener->sk, handshake_ways) == 2) {
		xtcp_child_open_at_once(req, skb, seg, dst);
		xtcp_drop_segment(xn, skb, 0);
		return;
	}
	send_syn_ack(req, dst, &cookie);
	xtcp_drop_segment(xn, skb, 0);
}

/* --- the third segment --------------------------------------------------- */

static void reply_ack(const struct xtcp_request *req, const struct sk_buff *skb)
{
	struct xtcp_origin from = {
		.sk		= req->listener->sk,
		.mark		= req->mark,
		.priority	= READ_ONCE(req->listener->sk->sk_priority),
		.flow_flags	= inet_sk_flowi_flags(req->listener->sk),
		.bound_dev_if	= req->flow.bound_dev_if,
		.tos		= req->flow.tos,
		.txhash		= READ_ONCE(req->txhash),
	};
	u8 buffer[XTCP_HEADER_MAX] __aligned(4);
	struct xtcp_header h;

	fill_header(req, XTCP_ACK, &h);
	xtcp_header_write((struct tcphdr *)buffer, &h);
	xtcp_request_af(req)->reply(xtcp_request_net(req), skb, (struct tcphdr *)buffer, &from);
}

/* TCP_DEFER_ACCEPT: the handshake is complete, but there is nothing to read yet. */
static bool defer(struct xtcp_request *req, const struct xtcp_segment *seg)
{
	if (xtcp_segment_len(seg) ||
	    req->retransmits >= READ_ONCE(xtcp_sk(req->listener->sk)->own->defer_accept))
		return false;
	/* Once: who says it again and again does not wait for ever. */
	if (!req->flow.acked) {
		req->flow.resent = req->retransmits;
		req->flow.acked = 1;
		xtcp_fifo_move(fifo_of(req), level_of(req), &req->wait, &req->flow);
	}
	xtcp_count(xtcp_request_net(req), XTCP_CNT_DEFERRED_ACCEPTS);
	return true;
}

/* What is no part of the handshake is answered within limits (RFC 5961 7). */
/* Without a lock: of two CPUs at once one may not be counted, but never all. */
static void count_asked(struct xtcp_request *req)
{
	u8 asked = READ_ONCE(req->flow.asked);

	if (asked < U8_MAX)
		WRITE_ONCE(req->flow.asked, asked + 1);
}

static void answer(struct xtcp_request *req, struct sk_buff *skb,
		   const struct xtcp_segment *seg, const struct xtcp_verdict *v)
{
	struct xtcp_net *xn = xtcp_request_net(req);

	if (v->reply == XTCP_REPLY_RST) {
		xtcp_reset_reply(xn, xtcp_request_af(req), skb, seg, v->drop, req->listener->sk);
		return;
	}
	if (v->reply == XTCP_REPLY_NONE || !xtcp_limit_answer(xn, &req->answered))
		return;
	if (v->reply == XTCP_REPLY_SYN_ACK) {
		count_asked(req);
		repeat_syn_ack(req);
	} else if (v->reply != XTCP_REPLY_CHALLENGE) {
		reply_ack(req, skb);
	} else if (xtcp_limit_challenge(xn)) {
		xtcp_count(xn, XTCP_CNT_CHALLENGE_ACKS);
		reply_ack(req, skb);
	}
}

/* An earlier SYN of the peer got a cookie, and that is what it acknowledges. */
static bool acks_cookie(struct xtcp_request *req, struct sk_buff *skb,
			const struct xtcp_flow_key *key, const struct xtcp_segment *seg,
			const struct xtcp_verdict *v)
{
	return v->drop == XTCP_DROP_ACK_UNACCEPTABLE && v->reply == XTCP_REPLY_RST &&
	       xtcp_cookie_ack(req->listener, skb, key, seg, req);
}

/*
 * Found without a lock, and never another one than then: if someone ended it
 * meanwhile, taking its place, or ending it again, does nothing.
 */
void xtcp_request_input(struct xtcp_request *req, struct sk_buff *skb,
			const struct xtcp_flow_key *key)
{
	struct xtcp_net *xn = xtcp_request_net(req);
	struct xtcp_segment seg;
	struct xtcp_verdict v;
	struct xtcp_tcb tcb;

	xtcp_header_parse(skb, &seg);
	xtcp_request_expand(req, &tcb);
	xtcp_segment_arrives(&tcb, &seg, xtcp_now_us(), &v);
	if (v.events & XTCP_EV_ESTABLISHED) {
		if (!req->flow.acked)
			note_answer(req);
		if (defer(req, &seg))
			xtcp_drop_segment(xn, skb, XTCP_DROP_DEFERRED);
		else
			xtcp_child_open(req, req, skb, &seg);
		return;
	}
	if (v.events & XTCP_EV_RESET) {
		trace_xtcp_receive_reset(req, &req->flow, XTCP_SYN_RCVD);
		xtcp_request_drop(req, XTCP_CNT_REQUEST_RESET);
		xtcp_drop_segment(xn, skb, 0);
		return;
	}
	if (acks_cookie(req, skb, key, &seg, &v))
		return;
	WRITE_ONCE(req->ts_recent, tcb.ts_recent);
	answer(req, skb, &seg, &v);
	xtcp_drop_segment(xn, skb, v.drop);
}

/* --- queues ---------------------------------------------------------------- */

void xtcp_request_kick(struct xtcp_net *xn)
{
	unsigned int bucket = 0, skip = 0;
	struct xtcp_listener *l;

	do {
		rcu_read_lock();
		l = xtcp_listener_next(xn->net, &bucket, &skip);
		if (l)
			xtcp_fifo_kick(&l->requests);
		rcu_read_unlock();
		cond_resched();
	} while (l);
}

void xtcp_request_listen(struct xtcp_listener *l)
{
	xtcp_fifo_init(&l->requests, &fifo_ops, l->request_queues, XTCP_REQUEST_QUEUES);
}

void xtcp_request_unlisten(struct xtcp_listener *l)
{
	xtcp_fifo_exit(&l->requests);
}

u64 xtcp_request_left_ns(const struct xtcp_request *req)
{
	return xtcp_fifo_left_ns(fifo_of(req), level_of(req), &req->wait);
}

/* --- coming and going ---------------------------------------------------- */

int xtcp_request_cache_init(void)
{
	return xtcp_flow_cache_init(&cache, "xtcp_request", "xtcp_request6",
				    sizeof(struct xtcp_request));
}

void xtcp_request_cache_exit(void)
{
	xtcp_flow_cache_exit(&cache);
}
