// SPDX-License-Identifier: GPL-2.0
/*
 * Fast Open (RFC 7413) once a SYN is out: on the server, children whose handshake is not
 * complete; on the client, what became of the text in the SYN. Whatever goes wrong with
 * such a SYN, the same connection goes on without: only the first SYN has option and text,
 * and what of the text is not acknowledged by the SYN-ACK follows the handshake.
 */

#include <linux/slab.h>
#include <linux/tcp.h>
#include <xtcp/fastopen.h>
#include <xtcp/listener.h>
#include <xtcp/output.h>
#include <xtcp/sock.h>

/* --- server: children ----------------------------------------------------------- */

/* The end of a child that was reset. */
struct reset_child {
	struct list_head link;
	u64 since_ns;
};

static void forget_reset(struct xtcp_listener *l, struct reset_child *r)
{
	list_del(&r->link);
	kfree(r);
	l->early_len--;
}

/* Those whose time is over; l->lock. */
static void forget_resets(struct xtcp_listener *l, u64 hold_ns)
{
	struct reset_child *r, *next;
	u64 now = ktime_get_ns();

	list_for_each_entry_safe(r, next, &l->early_resets, link) {
		if (now - r->since_ns < hold_ns)
			return;
		forget_reset(l, r);
	}
}

void xtcp_fastopen_unlisten(struct xtcp_listener *l)
{
	spin_lock_bh(&l->lock);
	forget_resets(l, 0);
	spin_unlock_bh(&l->lock);
}

/*
 * One more child, with a reference to the listener: it counts there even when that is
 * closed. RFC 7413 5.1: a stolen cookie must not exhaust memory.
 */
bool xtcp_fastopen_reserve(struct xtcp_listener *l)
{
	struct xtcp_net *xn = xtcp_net(l->net);
	u64 hold_ns = (u64)xtcp_knob(xn, fastopen_reset_hold_ms) * NSEC_PER_MSEC;
	bool room;

	if (!refcount_inc_not_zero(&l->refs))
		return false;
	spin_lock_bh(&l->lock);
	forget_resets(l, hold_ns);
	room = l->early_len < READ_ONCE(xtcp_sk(l->sk)->own->fastopen.early_max);
	l->early_len += room;
	spin_unlock_bh(&l->lock);
	if (room)
		return true;
	xtcp_count(xn, XTCP_CNT_FASTOPEN_LISTEN_OVERFLOWS);
	xtcp_listener_put(l);
	return false;
}

void xtcp_fastopen_give_back(struct xtcp_listener *l)
{
	spin_lock_bh(&l->lock);
	l->early_len--;
	spin_unlock_bh(&l->lock);
	xtcp_listener_put(l);
}

bool xtcp_fastopen_begin(struct sock *child, struct xtcp_listener *listener)
{
	struct xtcp_own *own = xtcp_own_make(child, XTCP_GFP_QUIET);

	if (!own)
		return false;
	own->fastopen.early_of = listener;
	xtcp_count(xtcp_sk_net(child), XTCP_CNT_FASTOPEN_PASSIVE);
	return true;
}

void xtcp_fastopen_settle(struct sock *child)
{
	struct xtcp_listener *listener = xtcp_sk(child)->own->fastopen.early_of;

	if (!listener)
		return;
	xtcp_own(child)->fastopen.early_of = NULL;
	xtcp_fastopen_give_back(listener);
}

void xtcp_fastopen_reset(struct sock *child)
{
	struct xtcp_listener *l = xtcp_sk(child)->own->fastopen.early_of;
	struct reset_child *r;
	bool open;

	if (!l)
		return;
	r = kmalloc(sizeof(*r), XTCP_GFP_QUIET);
	if (!r)
		return;		/* xtcp_fastopen_settle() comes soon */
	r->since_ns = ktime_get_ns();
	spin_lock_bh(&l->lock);
	open = l->open;
	if (open)
		list_add_tail(&r->link, &l->early_resets);
	spin_unlock_bh(&l->lock);
	if (!open) {
		kfree(r);
		return;
	}
	xtcp_own(child)->fastopen.early_of = NULL;
	xtcp_listener_put(l);
}

/* --- client: black holes --------------------------------------------------------- */

/*
 * Some networks take a SYN with text, and swallow what follows. Fast Open pauses
 * for all servers, each time twice as long as before, at most 64 times.
 */
static void met_hole(struct sock *sk)
{
	struct xtcp_fastopen_net *fn = &xtcp_sk_net(sk)->fastopen;

	if (!xtcp_knob(xtcp_sk_net(sk), fastopen_blackhole_ms))
		return;
	WRITE_ONCE(fn->hole_ns, ktime_get_ns());
	atomic_inc(&fn->holes);
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FASTOPEN_BLACKHOLES);
}

void xtcp_fastopen_silence(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	if (!xs->own->fastopen.tried || !xs->own->fastopen.text)
		return;
	met_hole(sk);
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FASTOPEN_ACTIVE_FAILS);
}

void xtcp_fastopen_watch(struct sock *sk, const struct xtcp_verdict *v)
{
	struct xtcp_fastopen *fo = &xtcp_own(sk)->fastopen;

	if (v->events & XTCP_EV_TEXT) {
		if (fo->after_hole)
			atomic_set(&xtcp_sk_net(sk)->fastopen.holes, 0);
		fo->tried = 0;		/* it works: no need to watch on */
	} else if ((v->events & XTCP_EV_OUT_OF_ORDER) && v->text_fin) {
		fo->fin_ahead = 1;	/* what is missing may come yet */
	} else if (v->drop == XTCP_DROP_RST_INVALID && !xtcp_sk(sk)->stats.data_segs_in) {
		met_hole(sk);
		fo->tried = 0;
	}
}

/* A FIN behind text of which nothing ever came: it was swallowed. */
void xtcp_fastopen_ended(struct sock *sk)
{
	const struct xtcp_fastopen *fo = &xtcp_sk(sk)->own->fastopen;

	if (fo->tried && fo->fin_ahead && !xtcp_sk(sk)->stats.data_segs_in)
		met_hole(sk);
}

/* --- client: the answer ---------------------------------------------------------- */

/* What the SYN-ACK teaches about the server. */
static void learn(struct sock *sk, const struct xtcp_segment *seg, bool lost)
{
	const struct xtcp_fastopen *fo = &xtcp_sk(sk)->own->fastopen;
	struct xtcp_net *xn = xtcp_sk_net(sk);
	const struct xtcp_flow *flow = &xtcp_sk(sk)->flow;
	struct xtcp_fastopen_server server;

	xtcp_fastopen_recall(xn, flow, &server);
	if (seg->opt.mss)
		server.mss = seg->opt.mss;
	if (seg->opt.has_fastopen && seg->opt.cookie_len) {
		server.cookie.len = seg->opt.cookie_len;
		server.cookie.experiment = seg->opt.experiment;
		memcpy(server.cookie.octets, seg->opt.cookie, seg->opt.cookie_len);
	} else if (!fo->text && !xtcp_sk(sk)->stats.retrans && !server.cookie.len) {
		/* Asked in vain: once, perhaps it knows the old number. */
		server.asked = max_t(u8, server.asked, fo->experiment ? 2 : 1);
		server.cookie.experiment = server.asked == 1;
	}
	if (lost && server.losses < U8_MAX)
		server.losses++;
	else if (!lost)
		server.losses = 0;
	server.lost_ns = ktime_get_ns();
	xtcp_fastopen_remember(xn, flow, &server);
}

/* The SYN-ACK leaves text out: now it goes as text of any connection. */
static void send_again(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	struct sk_buff *skb;

	xtcp_own(sk)->fastopen.client_fail = xs->stats.retrans ? TFO_SYN_RETRANSMITTED :
								 TFO_DATA_NOT_ACKED;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FASTOPEN_ACTIVE_FAILS);
	for (skb = xtcp_queue_oldest(sk); skb; skb = xtcp_queue_next(skb))
		if (xtcp_output_retransmit(sk, skb, skb->len))
			return;
}

void xtcp_fastopen_too_large(struct sock *sk)
{
	struct xtcp_sock *xs = xtcp_sk(sk);

	if (!xs->own->fastopen.text || xs->own->fastopen.too_large)
		return;
	xtcp_own(sk)->fastopen.too_large = 1;
	xs->stats.retrans++;
	xtcp_count(xtcp_sk_net(sk), XTCP_CNT_SYN_RETRANS);
	xtcp_output_syn(sk);
}

void xtcp_fastopen_answered(struct sock *sk, const struct xtcp_segment *seg)
{
	struct xtcp_sock *xs = xtcp_sk(sk);
	bool lost, missing = xtcp_queue_oldest(sk);

	if (!xs->own->fastopen.tried)
		return;
	lost = missing && xs->stats.retrans && !xs->own->fastopen.too_large;
	learn(sk, seg, lost && !seg->opt.cookie_len);
	if (missing) {
		send_again(sk);
	} else if (xs->own->fastopen.text) {
		xtcp_own(sk)->fastopen.text_acked = 1;
		xs->stats.delivered--;	/* it was one segment with the SYN */
		xtcp_count(xtcp_sk_net(sk), XTCP_CNT_FASTOPEN_ACTIVE);
	}
}
