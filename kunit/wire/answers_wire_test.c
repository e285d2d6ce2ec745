// SPDX-License-Identifier: GPL-2.0
/* What goes out, and without a connection: whose it is, and which way it goes. */

#include <linux/netfilter_ipv4.h>
#include <linux/tcp.h>
#include <net/dsfield.h>
#include <net/ipv6.h>
#include <xtcp/af.h>
#include <xtcp/header.h>
#include <xtcp/reset.h>
#include "../wire.h"
#include "../wire_ip.h"

#define MARK 7
#define PRIORITY 5

/* The last segment that B sent, as a firewall sees it. */
static struct {
	struct nf_hook_ops hook;
	const struct sock *owner;
	u32 mark;
	u32 priority;
	u8 tos;
	__be32 label;
	u8 ctl;
	u32 hash;
	ktime_t tstamp;
	u16 wnd;
} last;

static unsigned int look(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct tcphdr *th = tcp_hdr(skb);
	bool ipv4 = ip_hdr(skb)->version == 4;

	if ((ipv4 ? ip_hdr(skb)->protocol : ipv6_hdr(skb)->nexthdr) != IPPROTO_XTCP ||
	    th->source != htons(WIRE_PORT_B))
		return NF_ACCEPT;
	last.owner = skb->sk;
	last.mark = skb->mark;
	last.priority = skb->priority;
	last.tos = ipv4 ? ip_hdr(skb)->tos : ipv6_get_dsfield(ipv6_hdr(skb));
	last.label = ipv4 ? 0 : ip6_flowlabel(ipv6_hdr(skb));
	last.ctl = xtcp_control_bits(th);
	last.hash = skb->l4_hash ? skb->hash : 0;
	last.tstamp = skb->tstamp;
	last.wnd = ntohs(th->window);
	return NF_ACCEPT;
}

static void stop_looking(void *unused)
{
	nf_unregister_net_hook(&init_net, &last.hook);
}

static void start_looking(struct kunit *test)
{
	struct wire *w = test->priv;

	memset(&last, 0, sizeof(last));
	last.hook = (struct nf_hook_ops){
		.hook = look,
		.pf = w->ip->pf,
		.hooknum = NF_INET_LOCAL_OUT,
		.priority = NF_IP_PRI_LAST,
	};
	KUNIT_ASSERT_EQ(test, nf_register_net_hook(&init_net, &last.hook), 0);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_looking, NULL), 0);
}

/* B listens, with a mark and a priority. */
static struct wire *listening(struct kunit *test)
{
	struct wire *w = test->priv;

	start_looking(test);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_MARK, MARK), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_PRIORITY, PRIORITY), 0);
	return w;
}

static const struct sock *control_of(const struct wire *w)
{
	return wire_is_ipv6(w) ? w->xn->ctl_sk6 : w->xn->ctl_sk;
}

#define EXPECT_LAST(test, ctl_, owner_, mark_, priority_) do {		\
	KUNIT_EXPECT_EQ(test, last.ctl, ctl_);				\
	KUNIT_EXPECT_PTR_EQ(test, last.owner, (const struct sock *)(owner_)); \
	KUNIT_EXPECT_EQ(test, last.mark, mark_);			\
	KUNIT_EXPECT_EQ(test, last.priority, priority_);		\
} while (0)

static void answers__syn_ack(struct kunit *test)
{
	struct wire *w = listening(test);

	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 15);
	EXPECT_LAST(test, XTCP_SYN | XTCP_ACK, w->side[B].listener->sk, MARK, PRIORITY);
}

/* A segment of the wrong numbers to a connection half open. */
static void answers__request(struct kunit *test)
{
	struct wire *w = listening(test);

	wire_drop(w, A, WIRE_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	wire_inject(w, A, XTCP_ACK, .seq = 1000000, .ack = 1);
	EXPECT_LAST(test, XTCP_ACK, w->side[B].listener->sk, MARK, PRIORITY);
}

/* Scaled, but for that of a SYN (RFC 7323 2.2). */
static void answers__window_of_a_request(struct kunit *test)
{
	struct wire *w = listening(test);
	u32 offered;

	wire_drop(w, A, WIRE_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 50);
	KUNIT_EXPECT_EQ(test, last.ctl, XTCP_SYN | XTCP_ACK);
	offered = last.wnd;
	KUNIT_EXPECT_GT(test, offered, 10000);
	KUNIT_EXPECT_GT(test, w->conn[0].wscale[B], 0);
	wire_inject(w, A, XTCP_ACK, .seq = 1000000, .ack = 1);
	KUNIT_EXPECT_EQ(test, last.ctl, XTCP_ACK);
	KUNIT_EXPECT_EQ(test, last.wnd, offered >> w->conn[0].wscale[B]);
}

static void answers__rst_of_listener(struct kunit *test)
{
	struct wire *w = listening(test);

	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1);
	EXPECT_LAST(test, XTCP_RST, w->side[B].listener->sk, MARK, PRIORITY);
}

/* By the queue and the path of its connection. */
static void answers__rst_of_socket(struct kunit *test)
{
	struct wire *w = test->priv;

	start_looking(test);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, B), 0);
	wire_inject(w, A, XTCP_SYN | XTCP_ACK, .ack = 1000);
	EXPECT_LAST(test, XTCP_RST, wire_xs(w, B), 0, 0);
	KUNIT_EXPECT_EQ(test, last.hash, wire_xs(w, B)->inet.sk.sk_txhash);
	KUNIT_EXPECT_NE(test, last.hash, 0);
}

static void answers__rst_of_no_one(struct kunit *test)
{
	struct wire *w = test->priv;

	start_looking(test);
	wire_inject(w, A, XTCP_SYN, .seq = 0);
	EXPECT_LAST(test, XTCP_RST | XTCP_ACK, control_of(w), 0, 0);
	KUNIT_EXPECT_EQ(test, last.wnd, 0);
}

/* The record remembers what the socket sent by: mark, priority, class, label, clock, window. */
static void in_time_wait(struct kunit *test)
{
	struct wire *w = listening(test);
	__be32 label;
	u32 tsval, wnd;

	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	if (wire_is_ipv6(w))
		WIRE_EQ(w, wire_option(w, B, SOL_IPV6, IPV6_TCLASS, 0x40), 0);
	else
		WIRE_EQ(w, wire_option(w, B, SOL_IP, IP_TOS, 0x40), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_PRIORITY, PRIORITY + 1), 0);
	wire_release(w, B);
	wire_run_ms(w, 50);
	KUNIT_EXPECT_PTR_NE(test, last.owner, control_of(w));
	label = last.label;
	wnd = last.wnd;
	tsval = w->conn[0].tsval[B];
	KUNIT_EXPECT_NE(test, tsval, 0);
	wire_release(w, A);
	wire_run_ms(w, 100);
	WIRE_STATE(w, B, TIME_WAIT);
	wire_inject(w, A, XTCP_FIN | XTCP_ACK, .seq = 1, .ack = 2);
	EXPECT_LAST(test, XTCP_ACK, control_of(w), MARK, PRIORITY + 1);
	/* At once, some 100 ms after the FIN. */
	KUNIT_EXPECT_LT(test, w->conn[0].tsval[B] - tsval, 1000);
	KUNIT_EXPECT_GT(test, w->conn[0].tsval[B] - tsval, 50);
	KUNIT_EXPECT_EQ(test, last.tos, 0x40);
	KUNIT_EXPECT_TRUE(test, last.label == label);
	/* Less the peer's FIN. */
	KUNIT_EXPECT_GT(test, wnd, 1);
	KUNIT_EXPECT_LE(test, wnd - last.wnd, 1);
}

static void answers__time_wait(struct kunit *test)
{
	in_time_wait(test);
}

/* Timestamps of one clock for all. */
static void answers__time_wait_without_offset(struct kunit *test)
{
	wire_knob((struct wire *)test->priv, timestamps, 2);
	in_time_wait(test);
}

/* --- what comes back as it came ----------------------------------------------- */

enum {
	PEERS_MARK	= 0x77,
	PEERS_TOS	= 0x2b,		/* a DSCP, and bits of ECN that are not for others */
};

/* A's SYN is under way, with a mark of its own and what else is in it. */
static void syn_under_way(struct wire *w)
{
	struct wire_segment *seg;

	WIRE_EQ(w, wire_socket(w, A), 0);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	seg = list_last_entry(&w->segments, struct wire_segment, link);
	seg->skb->mark = PEERS_MARK;
	if (w->ip->family == AF_INET6) {
		ipv6_change_dsfield(ipv6_hdr(seg->skb), 0, PEERS_TOS);
	} else {
		ip_hdr(seg->skb)->tos = PEERS_TOS;
		ip_send_check(ip_hdr(seg->skb));
	}
}

/* What the SYN-ACK has is what the child has. */
static void expect_child(struct kunit *test, u32 mark, u8 tos)
{
	struct wire *w = listening(test);
	struct sock *sk;

	syn_under_way(w);
	wire_run_ms(w, 15);
	EXPECT_LAST(test, XTCP_SYN | XTCP_ACK, w->side[B].listener->sk, mark, PRIORITY);
	KUNIT_EXPECT_EQ(test, last.tos, tos);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_send(w, B, 10), 10);
	sk = w->side[B].sock->sk;
	EXPECT_LAST(test, XTCP_ACK | XTCP_PSH, sk, mark, 0);
	KUNIT_EXPECT_EQ(test, last.tos, tos);
	KUNIT_EXPECT_EQ(test, sk->sk_mark, mark);
}

static void syn__nothing_is_reflected(struct kunit *test)
{
	expect_child(test, MARK, 0);
}

static void fwmark_accept__mark_of_the_syn(struct kunit *test)
{
	wire_knob((struct wire *)test->priv, fwmark_accept, 1);
	expect_child(test, PEERS_MARK, 0);
}

static void reflect_tos__but_not_ecn(struct kunit *test)
{
	wire_knob((struct wire *)test->priv, reflect_tos, 1);
	expect_child(test, MARK, PEERS_TOS & ~3);
}

static void dont_reflect(void *family)
{
	if (*(u8 *)family == AF_INET6)
		init_net.ipv6.sysctl.fwmark_reflect = 0;
	else
		init_net.ipv4.sysctl_fwmark_reflect = 0;
}

/* A RST is as urgent as what it answers, and says nothing of congestion (RFC 3168 6.1.5). */
static void rst__dscp_of_the_segment(struct kunit *test)
{
	struct wire *w = test->priv;

	start_looking(test);
	syn_under_way(w);
	wire_run_ms(w, 15);
	EXPECT_LAST(test, XTCP_RST | XTCP_ACK, control_of(w), 0, 0);
	KUNIT_EXPECT_EQ(test, last.tos, PEERS_TOS & ~3);
}

/* The knob is the kernel's. */
static void fwmark_reflect__mark_of_the_segment(struct kunit *test)
{
	struct wire *w = test->priv;

	start_looking(test);
	syn_under_way(w);
	wire_run_ms(w, 15);
	EXPECT_LAST(test, XTCP_RST | XTCP_ACK, control_of(w), 0, 0);
	wire_release(w, A);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, dont_reflect,
							(void *)&w->ip->family), 0);
	if (wire_is_ipv6(w))
		init_net.ipv6.sysctl.fwmark_reflect = 1;
	else
		init_net.ipv4.sysctl_fwmark_reflect = 1;
	syn_under_way(w);
	wire_run_ms(w, 15);
	EXPECT_LAST(test, XTCP_RST | XTCP_ACK, control_of(w), PEERS_MARK, 0);
}

/* --- a connection's own ---------------------------------------------------- */

/*
 * What leaves has no time of its own: to a qdisc that would be when it is to go, and to
 * who sees it come in elsewhere on this machine the time of day.
 */
static void text__goes_at_once(struct kunit *test)
{
	struct wire *w = listening(test);

	wire_unlisten(w, B);
	wire_establish(w);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	KUNIT_EXPECT_EQ(test, last.ctl, XTCP_PSH | XTCP_ACK);
	KUNIT_EXPECT_EQ(test, last.tstamp, 0);
	wire_run_ms(w, 50);
	/* Again, while the first copy is somewhere: that has its own header. */
	wire_drop(w, B, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	last.tstamp = 1;
	wire_run_ms(w, 250);
	KUNIT_EXPECT_EQ(test, last.tstamp, 0);
	WIRE_EQ(w, wire_recv(w, A, 1000), 200);
}

/*
 * Acknowledgments say that the neighbour on the way is there (RFC 4861 7.3.1); what the
 * peer sends of its own accord does not. The next segment tells it.
 */
static void neighbour__confirmed_by_acknowledgments(struct kunit *test)
{
	struct wire *w = test->priv;
	struct sock *a, *b;

	wire_establish(w);
	a = w->side[A].sock->sk;
	b = w->side[B].sock->sk;
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, a->sk_dst_pending_confirm, 1);
	WRITE_ONCE(b->sk_dst_pending_confirm, 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 100);
	WIRE_EQ(w, b->sk_dst_pending_confirm, 0);
	/* Another window is told unasked. But a duplicate, as of keepalive: it hears us. */
	WRITE_ONCE(a->sk_dst_pending_confirm, 0);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 201, .wnd = WIRE_WND_0);
	WIRE_EQ(w, a->sk_dst_pending_confirm, 0);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 201, .wnd = WIRE_WND_0);
	WIRE_EQ(w, a->sk_dst_pending_confirm, 1);
}

/* There is no way back: that is counted, and nothing goes anywhere. */
static void reset__no_way_back(struct kunit *test)
{
	const struct wire_inject in = { .from = A, .ctl = XTCP_SYN };
	u64 no_route = wire_counter(XTCP_CNT_OUT_NO_ROUTE), out = wire_counter(XTCP_CNT_OUT_SEGS);
	struct wire *w = test->priv;
	struct sk_buff *skb = wire_segment_at_hand(w, &in);
	struct xtcp_segment seg;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	xtcp_header_parse(skb, &seg);
	wire_no_route(w);
	local_bh_disable();
	rcu_read_lock();
	xtcp_reset_reply(w->xn, xtcp_af_ops(w->ip->family), skb, &seg, XTCP_DROP_NO_FLOW, NULL);
	rcu_read_unlock();
	local_bh_enable();
	kfree_skb(skb);
	WIRE_EQ(w, wire_counter(XTCP_CNT_OUT_NO_ROUTE) - no_route, 1);
	WIRE_EQ(w, wire_counter(XTCP_CNT_OUT_SEGS) - out, 0);
	WIRE_EQ(w, wire_count(w, B, WIRE_ANY), 0);
}

WIRE_SUITES_MAPPED(xtcp_answers_wire,
	    KUNIT_CASE_SLOW(answers__syn_ack),
	    KUNIT_CASE_SLOW(answers__request),
	    KUNIT_CASE_SLOW(answers__window_of_a_request),
	    KUNIT_CASE_SLOW(answers__rst_of_listener),
	    KUNIT_CASE_SLOW(answers__rst_of_socket),
	    KUNIT_CASE_SLOW(answers__rst_of_no_one),
	    KUNIT_CASE_SLOW(reset__no_way_back),
	    KUNIT_CASE_SLOW(answers__time_wait),
	    KUNIT_CASE_SLOW(answers__time_wait_without_offset),
	    KUNIT_CASE_SLOW(syn__nothing_is_reflected),
	    KUNIT_CASE_SLOW(fwmark_accept__mark_of_the_syn),
	    KUNIT_CASE_SLOW(reflect_tos__but_not_ecn),
	    KUNIT_CASE_SLOW(rst__dscp_of_the_segment),
	    KUNIT_CASE_SLOW(fwmark_reflect__mark_of_the_segment),
	    KUNIT_CASE_SLOW(text__goes_at_once),
	    KUNIT_CASE_SLOW(neighbour__confirmed_by_acknowledgments),
	    { });
