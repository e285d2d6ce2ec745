/* SPDX-License-Identifier: GPL-2.0 */
/* SYN cookies (RFC 4987 section 3.6): open/cookie.c. */
#ifndef _XTCP_COOKIE_H
#define _XTCP_COOKIE_H

#include <linux/skbuff.h>
#include <xtcp/options.h>

struct sock;
struct xtcp_listener;
struct xtcp_flow;
struct xtcp_flow_key;
struct xtcp_request;
struct xtcp_secrets;
struct xtcp_segment;

/* A request that is none: what the low bits of its timestamp carry. */
enum xtcp_cookie_carried {
	XTCP_COOKIE_WSCALE	= 0x0f,	/* the peer's shift, or: */
	XTCP_COOKIE_NO_WSCALE	= 0x0f,
	XTCP_COOKIE_SACK	= 0x10,
	XTCP_COOKIE_ECN		= 0x20,	/* reserved: ECN is not negotiated yet */
	XTCP_COOKIE_TS_BITS	= 0x3f,	/* all of these */
	XTCP_COOKIE_NO_TS	= 0x40,	/* no timestamp, nothing carried */
	XTCP_COOKIE		= 0x80,	/* always */
};

/* --- the coding: pure --------------------------------------------------------- */

/* How many lifetimes have passed since boot. */
u32 xtcp_cookie_period(u64 now_ns, u32 lifetime_ms);

/**
 * xtcp_cookie_carried() - what a cookie must remember beside the MSS
 * @opt: options agreed on with the peer
 *
 * Return: enum xtcp_cookie_carried.
 */
u8 xtcp_cookie_carried(const struct xtcp_options *opt);
/* The inverse; all but MSS and timestamp's values. */
void xtcp_cookie_options(u8 carried, struct xtcp_options *opt);
/* The latest timestamp not after @now that carries it (RFC 7323 5.4: never back). */
u32 xtcp_cookie_tsval(u32 now, u8 carried);

/**
 * xtcp_cookie_make() - the ISN that is a cookie
 * @flow: addresses and ports of the connection
 * @secrets: of the namespace
 * @irs: the peer's ISN
 * @mss: the peer's
 * @carried: enum xtcp_cookie_carried, in the timestamp
 * @period: xtcp_cookie_period() of now
 */
u32 xtcp_cookie_make(const struct xtcp_flow *flow, const struct xtcp_secrets *secrets,
		     u32 irs, u16 mss, u8 carried, u32 period);
/**
 * xtcp_cookie_check() - is this ISN a cookie of ours, for this peer, of late?
 * @flow: addresses and ports of the connection
 * @secrets: of the namespace
 * @irs: the peer's ISN
 * @iss: ours, perhaps
 * @carried: what came back in the timestamp
 * @period: xtcp_cookie_period() of now; the one before is as good
 *
 * Return: an MSS, not above the peer's (but never below XTCP_MSS_MIN); 0: no.
 */
u16 xtcp_cookie_check(const struct xtcp_flow *flow, const struct xtcp_secrets *secrets,
		      u32 irs, u32 iss, u8 carried, u32 period);

/* --- segments: softirq, RCU --------------------------------------------------- */

/* Shall a SYN get a cookie? @full: there is no room for a request. */
bool xtcp_cookie_wanted(const struct xtcp_listener *listener, bool full);
/* Answer a SYN by a cookie; nothing of it stays here. Eats @skb. */
void xtcp_cookie_syn(struct xtcp_listener *listener, struct sk_buff *skb,
		     const struct xtcp_flow_key *key, const struct xtcp_segment *seg);
/**
 * xtcp_cookie_ack() - the third segment of a handshake by cookie?
 * @listener: whom it is for
 * @skb: the segment; eaten if so
 * @key: its addresses
 * @seg: its header
 * @held: a request in the flow table, of a later SYN of the peer; or NULL
 *
 * Return: true: it held a cookie; false: it did not, or none was expected.
 */
bool xtcp_cookie_ack(struct xtcp_listener *listener, struct sk_buff *skb,
		     const struct xtcp_flow_key *key, const struct xtcp_segment *seg,
		     struct xtcp_request *held);
/**
 * xtcp_cookie_patience() - may this segment follow a lost one that held a cookie?
 * @listener: whom it is for
 * @seg: text, of no connection we know of
 *
 * Its sender took our SYN-ACK for an open connection, and will repeat the text
 * that came first: a RST would end what can still begin.
 */
bool xtcp_cookie_patience(const struct xtcp_listener *listener, const struct xtcp_segment *seg);

#endif
