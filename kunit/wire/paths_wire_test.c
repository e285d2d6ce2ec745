// SPDX-License-Identifier: GPL-2.0
/* Which way it goes: routes and what they say, hashes of transmission, queues. */

#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/ipv6.h>
#include <xtcp/request.h>
#include "../wire.h"
#include "../wire_ip.h"

/* The last segment, as what is below TCP sees it. */
static struct {
	struct nf_hook_ops hook;
	u32 hash;
	bool ooo_okay;
	bool pfmemalloc;
	bool route_under_rcu;
	u8 ctl;
} last;

/* Was the route asked for under RCU, the last time? Only lockdep knows. */
static struct {
	struct dst_ops ops, *real;
	struct dst_entry *dst;
	bool under_rcu;
} watched;

static unsigned int look(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	u8 protocol = ip_hdr(skb)->version == 4 ? ip_hdr(skb)->protocol : ipv6_hdr(skb)->nexthdr;

	if (protocol != IPPROTO_XTCP)
		return NF_ACCEPT;
	last.hash = skb->l4_hash ? skb->hash : 0;
	last.ooo_okay = skb->ooo_okay;
	last.pfmemalloc = skb->pfmemalloc;
	last.route_under_rcu = watched.under_rcu;
	last.ctl = xtcp_control_bits(tcp_hdr(skb));
	return NF_ACCEPT;
}

static void stop_looking(void *unused)
{
	nf_unregister_net_hook(&init_net, &last.hook);
}

static struct wire *looking(struct kunit *test)
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
	return w;
}

static struct sock *sock_of(struct wire *w, enum wire_end end)
{
	return &wire_xs(w, end)->inet.sk;
}

/* --- nothing gets through --------------------------------------------------------- */

/* A's text is lost for so long. */
static struct wire *lost(struct kunit *test, unsigned int retries1, unsigned int ms)
{
	struct wire *w = test->priv;

	wire_knob(w, retries1, retries1);
	wire_establish(w);
	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, ms);
	return w;
}

/* A timeout keeps the path if the administrator wants that. */
static void text_lost__txrehash_off(struct kunit *test)
{
	struct wire *w = lost(test, 3, 150);
	struct sock *sk = sock_of(w, A);
	u32 hash = sk->sk_txhash;

	sk->sk_txrehash = SOCK_TXREHASH_DISABLED;	/* net.core.txrehash 0 */
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 3);
	WIRE_EQ(w, sk->sk_txhash == hash, true);
}

/* It is acknowledgments that do not get through: IPv6 sees it by the flow label. */
static void acks_lost__other_path(struct kunit *test)
{
	struct wire *w = test->priv;
	u32 hash;

	wire_establish(w);
	hash = sock_of(w, B)->sk_txhash;
	wire_drop(w, B, WIRE_ACK, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 150);
	WIRE_EQ(w, sock_of(w, B)->sk_txhash == hash, true);
	wire_run_ms(w, 150);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
	WIRE_EQ(w, sock_of(w, B)->sk_txhash == hash, !wire_is_ipv6(w));
	wire_pass_all(w);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_recv(w, B, 1000), 100);
}

/* While text of ours is sent again, that changes the path: once is enough. */
static void acks_lost__with_text_of_our_own(struct kunit *test)
{
	struct wire *w = test->priv;
	u32 hash;

	wire_establish(w);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_send(w, B, 100), 100);
	wire_run_ms(w, 555);		/* sent again at 250; A's at 200 and 600 */
	WIRE_EQ(w, wire_xs(w, B)->retransmits, 1);
	hash = sock_of(w, B)->sk_txhash;
	wire_run_ms(w, 20);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 3);
	WIRE_EQ(w, wire_xs(w, B)->retransmits, 1);
	WIRE_EQ(w, sock_of(w, B)->sk_txhash == hash, true);
}

/* A SYN-ACK tries another path; the child keeps the one that its handshake found. */
static void synack_lost__other_path(struct kunit *test)
{
	struct wire *w = looking(test);
	u32 first;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_SYN_ACK, 1, 1);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 15);
	KUNIT_EXPECT_EQ(test, last.ctl, XTCP_SYN | XTCP_ACK);
	first = last.hash;
	wire_drop(w, A, WIRE_SYN, 1, 1);	/* which would ask for it as well */
	wire_run_ms(w, 1000);
	KUNIT_EXPECT_EQ(test, last.ctl, XTCP_SYN | XTCP_ACK);
	KUNIT_EXPECT_NE(test, first, 0);
	KUNIT_EXPECT_NE(test, last.hash, 0);
	KUNIT_EXPECT_NE(test, last.hash, first);
	first = last.hash;
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	KUNIT_EXPECT_EQ(test, sock_of(w, B)->sk_txhash, first);
}

/* --- what routes say of connections over them (ip-route(8)) ------------------------ */

static struct wire *over_route(struct kunit *test, unsigned int metric, u32 value)
{
	struct wire *w = test->priv;

	wire_route_metric(w, metric, value);
	wire_establish(w);
	wire_path(w, WIRE_TEXT);
	return w;
}

/* The first window of segments, of both ends. */
static void route__initcwnd(struct kunit *test)
{
	struct wire *w = over_route(test, RTAX_INITCWND, 3);

	WIRE_EQ(w, wire_send(w, A, 10 * WIRE_TEXT), 10 * WIRE_TEXT);
	WIRE_EQ(w, wire_send(w, B, 10 * WIRE_TEXT), 10 * WIRE_TEXT);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 3);
	WIRE_EQ(w, wire_count(w, B, WIRE_DATA), 3);
}

/* The first window announced, of 1000 octets more or less a segment. */
static void route__initrwnd(struct kunit *test)
{
	struct wire *w = over_route(test, RTAX_INITRWND, 4);
	struct wire_segment *syn = list_first_entry(&w->segments, struct wire_segment, link);

	WIRE_EQ(w, syn->wnd, 4 * WIRE_MSS);
	WIRE_EQ(w, list_next_entry(syn, link)->wnd, 4 * WIRE_TEXT);
}

/* A window larger than the buffer: it grows for it. */
static void route__initrwnd_large(struct kunit *test)
{
	struct wire *w = over_route(test, RTAX_INITRWND, 100);
	struct xtcp_sock *xs = wire_xs(w, B);

	WIRE_EQ(w, wire_send(w, A, 10), 10);
	wire_run_ms(w, 100);
	WIRE_EQ(w, xtcp_tcb_rcv_wnd(&xs->tcb) > 90 * WIRE_MSS, true);
}

/* The largest window. */
static void route__window(struct kunit *test)
{
	struct wire *w = over_route(test, RTAX_WINDOW, 5000);
	struct wire_segment *seg;
	u32 wnd;

	wire_transfer(w, A, 50000, 2000);
	wire_transfer(w, B, 50000, 2000);
	list_for_each_entry(seg, &w->segments, link) {
		wnd = seg->wnd << (seg->ctl & XTCP_SYN ? 0 : w->conn[0].wscale[seg->from]);
		WIRE_EQ(w, wnd < 5000 + (1 << w->conn[0].wscale[seg->from]), true);
	}
}

/*
 * A third segment beyond the window that it let the SYN-ACK announce is not acceptable:
 * it makes no child, which would not accept it either, and be SYN_RCVD without a timer.
 */
static void route__window_and_third_segment_beyond(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_route_metric(w, RTAX_WINDOW, 5000);
	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);	/* there is no A to answer */
	wire_inject(w, A, XTCP_SYN);
	wire_run_ms(w, 20);
	wire_inject(w, A, XTCP_ACK, .seq = 20000, .ack = 1);
	WIRE_EQ(w, wire_accept(w, B), -EAGAIN);
	w->show_window = true;
	WIRE_EXPECT(w,
		    "0.000 * -> S 0 win 65535            -> SYN_RCVD\n"
		    "0.000 x <- S. 0 ack 1 win 5000      <- SYN_RCVD\n"
		    "0.020 * -> . 20000 ack 1 win 65535  -> SYN_RCVD\n"
		    "0.020 x <- . 1 ack 1 win 5000       <- SYN_RCVD\n");
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_STATE(w, B, ESTABLISHED);
	wire_path(w, WIRE_TEXT);
}

/* The floor of RTO, unless the socket has one of its own. */
static void route__rto_min(struct kunit *test)
{
	struct wire *w = over_route(test, RTAX_RTO_MIN, 500);

	wire_drop(w, A, WIRE_DATA, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 400);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 1);
	wire_run_ms(w, 200);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
}

/* No ACK is later than the peer's shortest RTO would be. */
static void route__rto_min_and_delayed_acks(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_route_metric(w, RTAX_RTO_MIN, 8);
	wire_establish(w);
	wire_xs(w, B)->rcv.quick_acks = 0;
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 15);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 0);
	wire_run_ms(w, 5);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	wire_path(w, WIRE_TEXT);
}

/* Every segment is acknowledged at once. */
static void route__quickack(struct kunit *test)
{
	struct wire *w = test->priv;

	wire_route_metric(w, RTAX_QUICKACK, 1);
	wire_establish(w);
	wire_xs(w, B)->rcv.quick_acks = 0;
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	wire_run_ms(w, 15);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	wire_path(w, WIRE_TEXT);
}

/* --- one segment ------------------------------------------------------------------ */

/* A RST takes the path of the connection that it is for. */
static void rst__path_of_its_connection(struct kunit *test)
{
	struct wire *w = looking(test);

	wire_drop(w, A, WIRE_SYN, 1, WIRE_FOREVER);
	WIRE_EQ(w, wire_connect_start(w, A), 0);
	wire_run_ms(w, 15);
	wire_inject(w, B, XTCP_SYN | XTCP_ACK, .seq = 0, .ack = 1000);
	KUNIT_EXPECT_EQ(test, last.ctl, XTCP_RST);
	KUNIT_EXPECT_EQ(test, last.hash, sock_of(w, A)->sk_txhash);
}

/*
 * What finds nothing of its connection in the queues of this machine may take another
 * one (XPS): it overtakes nothing.
 */
static void text__may_change_the_queue(struct kunit *test)
{
	struct wire *w = looking(test);
	struct sk_buff *queued = alloc_skb(1000, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, queued);
	wire_establish(w);
	WIRE_EQ(w, wire_option(w, A, SOL_TCP, TCP_NODELAY, 1), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	KUNIT_EXPECT_TRUE(test, last.ooo_okay);
	skb_set_owner_w(queued, sock_of(w, A));
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	KUNIT_EXPECT_FALSE(test, last.ooo_okay);
	kfree_skb(queued);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	KUNIT_EXPECT_TRUE(test, last.ooo_okay);
}

/* That text lies in memory of the reserve is not told: who receives it here would drop it. */
static void text__out_of_the_reserve(struct kunit *test)
{
	struct wire *w = looking(test);

	wire_establish(w);
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	xtcp_queue_oldest(w->side[A].sock->sk)->pfmemalloc = 1;
	last.pfmemalloc = true;
	wire_drop(w, B, WIRE_ANY, 1, WIRE_FOREVER);
	wire_run_ms(w, 205);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 2);
	KUNIT_EXPECT_FALSE(test, last.pfmemalloc);
}

static struct dst_entry *check(struct dst_entry *dst, u32 cookie)
{
	watched.under_rcu = rcu_read_lock_held();
	return watched.real->check(dst, cookie);
}

static void stop_watching(void *unused)
{
	watched.dst->ops = watched.real;
	dst_release(watched.dst);
}

/*
 * A user lets go of the route while another one sends (IP_TOS, which needs no socket lock):
 * it is there until the segment, which has no reference to it, is on its way.
 */
static void route__others_let_go_of_it(struct kunit *test)
{
	struct wire *w = looking(test);

	wire_establish(w);
	watched.dst = sk_dst_get(sock_of(w, A));
	KUNIT_ASSERT_NOT_NULL(test, watched.dst);
	watched.real = watched.dst->ops;
	watched.ops = *watched.real;
	watched.ops.check = check;
	watched.under_rcu = false;
	watched.dst->ops = &watched.ops;
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, stop_watching, NULL), 0);
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	KUNIT_EXPECT_TRUE(test, last.route_under_rcu);
}

WIRE_SUITES_MAPPED(xtcp_paths_wire,
	KUNIT_CASE_SLOW(text_lost__txrehash_off),
	KUNIT_CASE_SLOW(acks_lost__other_path),
	KUNIT_CASE_SLOW(acks_lost__with_text_of_our_own),
	KUNIT_CASE_SLOW(synack_lost__other_path),
	KUNIT_CASE_SLOW(route__initcwnd),
	KUNIT_CASE_SLOW(route__initrwnd),
	KUNIT_CASE_SLOW(route__initrwnd_large),
	KUNIT_CASE_SLOW(route__window),
	KUNIT_CASE_SLOW(route__window_and_third_segment_beyond),
	KUNIT_CASE_SLOW(route__rto_min),
	KUNIT_CASE_SLOW(route__rto_min_and_delayed_acks),
	KUNIT_CASE_SLOW(route__quickack),
	KUNIT_CASE_SLOW(route__others_let_go_of_it),
	KUNIT_CASE_SLOW(rst__path_of_its_connection),
	KUNIT_CASE_SLOW(text__may_change_the_queue),
	KUNIT_CASE_SLOW(text__out_of_the_reserve),
	{ }
);
