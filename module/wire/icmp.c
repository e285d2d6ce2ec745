// SPDX-License-Identifier: GPL-2.0
/*
 * What ICMP says about a flow (RFC 1122 4.2.3.9, RFC 5927): the quoted sequence
 * number must be one we have outstanding. An established connection takes
 * errors as hints, and tells a user who asked for them (IP_RECVERR); only one that
 * is still opening is ended by them, be it a child that its SYN opened (Fast Open)
 * and that no one accepted yet.
 */

#include <net/dst.h>
#include <xtcp/af.h>
#include <xtcp/drop.h>
#include <xtcp/end.h>
#include <xtcp/icmp.h>
#include <xtcp/mss.h>
#include <xtcp/push.h>
#include <xtcp/recovery.h>
#include <xtcp/request.h>
#include <xtcp/sock.h>

static bool outstanding(const struct sock *sk, const struct xtcp_icmp *icmp)
{
	const struct xtcp_tcb *tcb = &xtcp_sk(sk)->tcb;

	if (xtcp_seq_between(tcb->snd_una, ntohl(icmp->th->seq), tcb->snd_nxt))
		return true;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_OUT_OF_WINDOW_ICMPS);
	return false;
}

/* The farther it came, the less the quoted segment had left. */
bool xtcp_icmp_from_too_far(const struct sock *sk, u8 family, const struct xtcp_icmp *icmp)
{
	if (!xtcp_drop_too_far(sk, family, icmp->ttl))
		return false;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ICMP_MIN_TTL);
	return true;
}

/* Into the error queue: who said what, and of which segment. */
static void queue_message(struct sock *sk, const struct xtcp_icmp *icmp)
{
	struct sk_buff *skb = skb_clone(icmp->skb, GFP_ATOMIC);
	struct sock_exterr_skb *serr;

	if (!skb)
		return;
	serr = SKB_EXT_ERR(skb);
	serr->ee = icmp->ee;
	serr->addr_offset = (const u8 *)icmp->daddr - skb_network_header(skb);
	serr->port = icmp->th->dest;
	serr->opt_stats = 0;
	__skb_pull(skb, (const u8 *)icmp->th - skb->data);
	skb_reset_transport_header(skb);
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
}

/* A child in the accept queue; its lock held, not the listener's. */
static bool unaccepted(const struct sock *sk)
{
	return xtcp_early(sk) && !hlist_unhashed_lockless(&sk->sk_node);
}

static void error(struct sock *sk, const struct xtcp_icmp *icmp)
{
	bool told = xtcp_sk(sk)->af->recverr(sk);

	if (!outstanding(sk, icmp))
		return;
	if (xtcp_opening(sk) && told)
		queue_message(sk, icmp);
	if (unaccepted(sk) && !sock_owned_by_user(sk)) {
		xtcp_fail(sk, icmp->ee.ee_errno);
	} else if (xtcp_opening(sk) && !sock_owned_by_user(sk)) {
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_ACTIVE_UNREACHABLE);
		xtcp_fail(sk, icmp->ee.ee_errno);
	} else if (told && !sock_owned_by_user(sk)) {
		WRITE_ONCE(sk->sk_err, icmp->ee.ee_errno);
		sk_error_report(sk);
	} else {
		WRITE_ONCE(sk->sk_err_soft, icmp->ee.ee_errno);
	}
}

/* The route judges who says so. Where the user holds the socket, the next one will do. */
static void redirect(struct sock *sk, const struct xtcp_icmp *icmp)
{
	struct dst_entry *dst;

	if (!outstanding(sk, icmp) || sock_owned_by_user(sk))
		return;
	dst = xtcp_sk(sk)->af->route(sk);
	if (dst)
		dst->ops->redirect(dst, sk, icmp->skb);
}

static void apply_pmtu(struct sock *sk, u32 mtu)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct dst_entry *dst = xs->af->route(sk);
	u16 old_mss = xs->snd.mss;
	u32 old_mtu;

	if (!dst)
		return;
	old_mtu = dst_mtu(dst);
	dst->ops->update_pmtu(dst, sk, NULL, mtu, true);
	/* The new MTU belongs to a new route; the old one is stale by now. */
	dst = xs->af->route(sk);
	if (dst && dst_mtu(dst) < old_mtu && xs->tcb.state == XTCP_SYN_SENT)
		xtcp_fastopen_too_large(sk);
	if (!dst || dst_mtu(dst) >= xs->snd.pmtu || xs->tcb.state == XTCP_SYN_SENT)
		return;
	xtcp_mss_sync(sk, dst_mtu(dst));
	if (xs->snd.mss < old_mss && xs->tcb.snd_nxt != xs->tcb.snd_una) {
		xtcp_recovery_too_large(sk);
		xtcp_push_text(sk);
	}
}

void xtcp_icmp_pmtu_deferred(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	u32 mtu = xs->pmtu_deferred;

	xs->pmtu_deferred = 0;
	if (mtu && sk->sk_state != TCP_CLOSE)
		apply_pmtu(sk, mtu);
}

static void too_big(struct sock *sk, const struct xtcp_icmp *icmp)
{
	u32 mtu = icmp->ee.ee_info;

	if (!xtcp_sk(sk)->af->takes_pmtu(sk, mtu) || !outstanding(sk, icmp))
		return;
	/* Without a number (ip_no_pmtu_disc 1): IP takes the smallest it allows. */
	if (sock_owned_by_user(sk))
		xtcp_sk(sk)->pmtu_deferred = mtu ?: 1;
	else
		apply_pmtu(sk, mtu);
}

void xtcp_icmp_tell_socket(struct sock *sk, const struct xtcp_icmp *icmp)
{
	switch (icmp->what) {
	case XTCP_ICMP_TOO_BIG:
		too_big(sk, icmp);
		break;
	case XTCP_ICMP_REDIRECT:
		redirect(sk, icmp);
		break;
	default:
		error(sk, icmp);
	}
}

void xtcp_icmp_tell_request(struct xtcp_request *req, const struct xtcp_icmp *icmp)
{
	if (icmp->what != XTCP_ICMP_ERROR)
		return;
	if (ntohl(icmp->th->seq) != req->iss)
		xtcp_count(xtcp_request_net(req), XTCP_CNT_OUT_OF_WINDOW_ICMPS);
	else if (icmp->ends_request)
		xtcp_request_drop(req, XTCP_CNT_REQUEST_UNREACHABLE);
}
