// SPDX-License-Identifier: GPL-2.0
/*
 * SYN cookies (RFC 4987 section 3.6): when there is no room for a request, its
 * SYN-ACK takes along what we would have to remember, and the third segment of
 * the handshake brings it back. A cookie is our ISN:
 *
 *	ISN = IRS + F(4-tuple) + (period:8 | MSS:3 | proof:21)
 *
 * F hides the rest; the proof, siphash under a secret of its own, is over all
 * that the cookie stands for. The period counts lifetimes since boot: a cookie
 * lives at least syncookie_lifetime_ms, and less than twice as long. What must
 * be known of the other options are the low bits of the timestamp that the peer
 * echoes; without timestamps there is neither window scaling nor SACK.
 *
 * What does not come back: TCP_SAVE_SYN has nothing to show, and our own window
 * scale is computed once more, from the buffer as it is then. No SYN-ACK is sent
 * again. A third segment that is lost is replaced by the first text, if that
 * comes first: whose text begins further on has an ISN that we cannot know.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/printk.h>
#include <xtcp/child.h>
#include <xtcp/cookie.h>
#include <xtcp/drop.h>
#include <xtcp/isn.h>
#include <xtcp/listen.h>
#include <xtcp/port.h>
#include <xtcp/request.h>
#include <xtcp/sock.h>

#define MSS_BITS	3
#define PROOF_BITS	21
#define PROOF_MASK	((1U << PROOF_BITS) - 1)
#define PERIOD_SHIFT	(MSS_BITS + PROOF_BITS)

/*
 * An MSS in three bits: those that networks bring about (Ethernet, PPPoE, tunnels,
 * WireGuard), the defaults of who announces none, and the least there is.
 */
static const u16 mss_ipv4[1 << MSS_BITS] = {
	XTCP_MSS_MIN, XTCP_MSS_DEFAULT, 1220, 1300, 1360, 1400, 1452, 1460
};

static const u16 mss_ipv6[1 << MSS_BITS] = {
	XTCP_MSS_MIN, 536, XTCP_MSS_DEFAULT6, 1280, 1360, 1400, 1432, 1440
};

static const u16 *mss_table(const struct xtcp_flow *flow)
{
	return flow->family == AF_INET ? mss_ipv4 : mss_ipv6;
}

/* The largest of the table that the peer takes. */
static u32 mss_index(const struct xtcp_flow *flow, u16 mss)
{
	const u16 *table = mss_table(flow);
	u32 i = (1 << MSS_BITS) - 1;

	while (i && table[i] > mss)
		i--;
	return i;
}

u32 xtcp_cookie_period(u64 now_ns, u32 lifetime_ms)
{
	return (u32)div_u64(div_u64(now_ns, NSEC_PER_MSEC), lifetime_ms);
}

u8 xtcp_cookie_carried(const struct xtcp_options *opt)
{
	if (!opt->has_ts)
		return XTCP_COOKIE | XTCP_COOKIE_NO_TS;
	return XTCP_COOKIE | (opt->has_wscale ? opt->wscale : XTCP_COOKIE_NO_WSCALE) |
	       (opt->sack_perm ? XTCP_COOKIE_SACK : 0);
}

void xtcp_cookie_options(u8 carried, struct xtcp_options *opt)
{
	*opt = (struct xtcp_options){ .has_ts = !(carried & XTCP_COOKIE_NO_TS) };
	if (!opt->has_ts)
		return;
	opt->wscale = carried & XTCP_COOKIE_WSCALE;
	opt->has_wscale = opt->wscale != XTCP_COOKIE_NO_WSCALE;
	opt->sack_perm = !!(carried & XTCP_COOKIE_SACK);
}

u32 xtcp_cookie_tsval(u32 now, u8 carried)
{
	u32 bits = carried & XTCP_COOKIE_TS_BITS;

	return now - ((now - bits) & XTCP_COOKIE_TS_BITS);
}

/* The whole cookie, but for IRS; @hash of the 4-tuple also hides it. */
static u32 cookie(const struct xtcp_flow *flow, const struct xtcp_secrets *secrets,
		  u64 hash, u32 irs, u32 index, u8 carried, u32 period)
{
	u32 proof = siphash_3u64(hash, (u64)irs << 32 | period,
				 flow->protocol << 16 | carried << 8 | index,
				 &secrets->cookie_proof);

	return (u32)hash + (period << PERIOD_SHIFT | index << PROOF_BITS |
			    (proof & PROOF_MASK));
}

u32 xtcp_cookie_make(const struct xtcp_flow *flow, const struct xtcp_secrets *secrets,
		     u32 irs, u16 mss, u8 carried, u32 period)
{
	u64 hash = xtcp_isn_siphash(flow, &secrets->cookie);

	return irs + cookie(flow, secrets, hash, irs, mss_index(flow, mss), carried,
			    period);
}

u16 xtcp_cookie_check(const struct xtcp_flow *flow, const struct xtcp_secrets *secrets,
		      u32 irs, u32 iss, u8 carried, u32 period)
{
	u64 hash = xtcp_isn_siphash(flow, &secrets->cookie);
	u32 seen = iss - irs, bare = seen - (u32)hash;
	u32 index = bare >> PROOF_BITS & ((1 << MSS_BITS) - 1);
	u8 age = period - (bare >> PERIOD_SHIFT);

	if (age > 1 ||
	    seen != cookie(flow, secrets, hash, irs, index, carried, period - age))
		return 0;
	return mss_table(flow)[index];
}

/* --- the second segment -------------------------------------------------------- */

static u32 period_now(const struct xtcp_net *xn)
{
	return xtcp_cookie_period(ktime_get_ns(), xtcp_knob(xn, syncookie_lifetime_ms));
}

bool xtcp_cookie_wanted(const struct xtcp_listener *listener, bool full)
{
	u32 knob = xtcp_knob(xtcp_net(listener->net), syncookies);

	/* Two segments or four: experiments with requests, and only with them. */
	return (knob == 2 || (knob && full)) &&
	       xtcp_sk_knob(listener->sk, handshake_ways) == 3;
}

/*
 * From now on third segments may hold cookies: to all that share the port, for
 * the listener may close and another one of its SO_REUSEPORT group go on.
 */
static void expect_cookies(const struct xtcp_listener *listener)
{
	struct xtcp_port *port = listener->port;
	u64 now = ktime_get_ns();

	/* Every CPU reads it for every segment: do not write for every SYN. */
	if (now - READ_ONCE(port->cookie_ns) > NSEC_PER_MSEC)
		WRITE_ONCE(port->cookie_ns, now);
}

/* Once a listener: who runs it should know, and may have chosen its backlog too small. */
static void tell(struct xtcp_listener *listener)
{
	if (READ_ONCE(listener->flooded) || xtcp_knob(xtcp_net(listener->net), syncookies) == 2)
		return;
	WRITE_ONCE(listener->flooded, true);
	if (xtcp_net_may_log(xtcp_net(listener->net)))
		pr_notice("port %u: half-open queue full, sending SYN cookies: a flood, or max_syn_backlog or the backlog is small\n",
			  ntohs(listener->local_port));
}

void xtcp_cookie_syn(struct xtcp_listener *listener, struct sk_buff *skb,
		     const struct xtcp_flow_key *key, const struct xtcp_segment *seg)
{
	struct xtcp_net *xn = xtcp_net(listener->net);
	struct xtcp_request_alone alone = { };
	struct xtcp_request *req = &alone.req;
	struct xtcp_options opt = seg->opt;
	struct dst_entry *dst;

	xtcp_request_agree(xn, &opt);
	req->cookie = xtcp_cookie_carried(&opt);
	if (req->cookie & XTCP_COOKIE_NO_TS) {
		opt.has_wscale = 0;
		opt.sack_perm = 0;
	}
	xtcp_request_fill(req, listener, skb, key, seg->seq, &opt);
	dst = xtcp_af_ops(key->family)->request_route(listener->sk, req);
	if (!dst) {
		xtcp_drop_segment(xn, skb, XTCP_DROP_NO_ROUTE);
		return;
	}
	req->iss = xtcp_cookie_make(&req->flow, &xn->secrets, req->irs, req->snd_mss,
				    req->cookie, period_now(xn));
	expect_cookies(listener);
	tell(listener);
	xtcp_count(xn, XTCP_CNT_SYNCOOKIES_SENT);
	xtcp_request_send_syn_ack(req, dst);
	xtcp_drop_segment(xn, skb, 0);
}

/* --- the third segment --------------------------------------------------------- */

/* Cookies that we sent may be on their way. */
static bool under_way(const struct xtcp_listener *listener)
{
	const struct xtcp_port *port = listener->port;
	u64 life_ns = 2ULL * xtcp_knob(xtcp_net(listener->net), syncookie_lifetime_ms) *
		      NSEC_PER_MSEC;
	u64 last_ns = READ_ONCE(port->cookie_ns);

	return last_ns && ktime_get_ns() - last_ns <= life_ns;
}

/* Guesses are worth a try only then. */
static bool expected(const struct xtcp_listener *listener)
{
	switch (xtcp_knob(xtcp_net(listener->net), syncookies)) {
	case 0:
		return false;
	case 2:
		return true;
	default:
		return under_way(listener);
	}
}

bool xtcp_cookie_patience(const struct xtcp_listener *listener, const struct xtcp_segment *seg)
{
	return (seg->ctl & (XTCP_SYN | XTCP_RST | XTCP_ACK)) == XTCP_ACK &&
	       seg->text_len && xtcp_knob(xtcp_net(listener->net), syncookies) &&
	       under_way(listener);
}

/* What the peer echoes of our timestamp. */
static u8 echoed(const struct xtcp_options *opt)
{
	if (!opt->has_ts)
		return XTCP_COOKIE | XTCP_COOKIE_NO_TS;
	return XTCP_COOKIE | (opt->tsecr & XTCP_COOKIE_TS_BITS);
}

/*
 * The request that the SYN of this segment would have made; false: no cookie. With
 * no one to tell the peer's ISN, the segment must be the first behind it.
 */
static bool remember(struct xtcp_request *req, struct xtcp_listener *listener,
		     const struct sk_buff *skb, const struct xtcp_flow_key *key,
		     const struct xtcp_segment *seg, const struct xtcp_request *held)
{
	struct xtcp_net *xn = xtcp_net(listener->net);
	u32 irs = held ? held->irs : seg->seq - 1;
	struct xtcp_options opt;

	req->cookie = echoed(&seg->opt);
	xtcp_cookie_options(req->cookie, &opt);
	opt.tsval = seg->opt.tsval;
	xtcp_request_fill(req, listener, skb, key, irs, &opt);
	req->iss = seg->ack - 1;
	req->snd_mss = xtcp_cookie_check(&req->flow, &xn->secrets, irs, req->iss,
					 req->cookie, period_now(xn));
	return req->snd_mss;
}

/*
 * No room for a connection, but for a request: its SYN-ACK comes again, and with
 * the peer's answer another chance. Otherwise a client that has nothing to say
 * would wait for ever for a server that knows nothing of it.
 */
static bool become_request(const struct xtcp_request *req, struct sk_buff *skb,
			   const struct xtcp_flow_key *key)
{
	struct xtcp_net *xn = xtcp_net(req->listener->net);
	struct xtcp_segment syn = { .seq = req->irs, .ctl = XTCP_SYN };

	if (!xtcp_listen_accept_full(req->listener) ||
	    xtcp_listen_requests_full(req->listener) ||
	    xtcp_knob(xn, abort_on_overflow))
		return false;
	xtcp_count(xn, XTCP_CNT_LISTEN_OVERFLOWS);
	xtcp_cookie_options(req->cookie, &syn.opt);
	syn.opt.mss = req->snd_mss;
	syn.opt.tsval = req->ts_recent;
	xtcp_request_new(req->listener, skb, key, &syn, req->iss);
	return true;
}

bool xtcp_cookie_ack(struct xtcp_listener *listener, struct sk_buff *skb,
		     const struct xtcp_flow_key *key, const struct xtcp_segment *seg,
		     struct xtcp_request *held)
{
	struct xtcp_net *xn = xtcp_net(listener->net);
	struct xtcp_request_alone alone = { };

	if ((seg->ctl & (XTCP_SYN | XTCP_RST | XTCP_ACK)) != XTCP_ACK ||
	    !expected(listener))
		return false;
	if (!remember(&alone.req, listener, skb, key, seg, held)) {
		xtcp_count(xn, XTCP_CNT_SYNCOOKIES_FAILED);
		return false;
	}
	/* TCP_DEFER_ACCEPT: the text to come holds the cookie as well. */
	if (READ_ONCE(xtcp_sk(listener->sk)->own->defer_accept) && !xtcp_segment_len(seg)) {
		xtcp_count(xn, XTCP_CNT_DEFERRED_ACCEPTS);
		xtcp_drop_segment(xn, skb, XTCP_DROP_DEFERRED);
		return true;
	}
	if (held || !become_request(&alone.req, skb, key))
		xtcp_child_open(&alone.req, held, skb, seg);
	return true;
}
