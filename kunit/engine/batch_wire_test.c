// SPDX-License-Identifier: GPL-2.0
/*
 * What is done once: an ACK for the segments of one go; and when: text goes down as what
 * went before leaves the queues of this machine.
 */

#include <linux/netfilter_ipv4.h>
#include <xtcp/batch.h>

#include "../wire.h"
#include "../wire_ip.h"

/* The first segments are acknowledged one by one: these have been. */
static struct wire *connected_long_ago(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	return w;
}

/* --- one ACK -------------------------------------------------------------------- */

static void ack__one_for_a_batch(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	w->in_batches = true;
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_count(w, A, WIRE_DATA), 9);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	WIRE_EQ(w, wire_xs(w, A)->tcb.snd_una - wire_xs(w, A)->tcb.iss, 9001);
}

/* What closes a gap is told at once, each time: the sender counts on it (RFC 5681 4.2). */
static void ack__of_a_gap_does_not_wait(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	w->in_batches = true;
	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, wire_send(w, A, 5000), 5000);
	wire_run_ms(w, 15);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 4);
}

/* Segments that a device joined: who reads them acknowledges, and says what room there is. */
static void ack__by_who_reads(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 5000, .joined = 1000);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 0);
	WIRE_EQ(w, wire_recv(w, B, 5000), 5000);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	WIRE_EQ(w, wire_xs(w, B)->rcv.acked_seq - wire_xs(w, B)->tcb.irs, 5001);
}

/* He has a millisecond; who has read a part of it has no more. */
static void ack__nobody_reads(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 5000, .joined = 1000);
	WIRE_EQ(w, wire_recv(w, B, 4000), 4000);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 0);
	wire_run_ms(w, 2);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
}

/* Who wants ACKs at once (TCP_QUICKACK), or whose peer begins, gets them. */
static void ack__at_once_if_asked(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_xs(w, B)->rcv.quick_acks = 1;
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 5000, .joined = 1000);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
}

/* Who waits for more than has come is not called, and reads nothing: no ACK waits for him. */
static void ack__reader_wants_more(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_RCVLOWAT, 8000), 0);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .len = 5000, .joined = 1000);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	/* With these he has enough. */
	wire_inject(w, A, XTCP_ACK, .seq = 5001, .ack = 1, .len = 5000, .joined = 1000);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
	WIRE_EQ(w, wire_recv(w, B, 10000), 10000);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 2);
}

/*
 * A full one and the rest of what the peer had to say, joined: for the ACK of the rest what he
 * says next may wait (Nagle).
 */
static void ack__full_one_and_rest(struct kunit *test)
{
	struct wire *w = wire_puppet(test);

	wire_xs(w, B)->rcv.quick_acks = 0;
	wire_inject(w, A, XTCP_ACK | XTCP_PSH, .seq = 1, .ack = 1, .len = 1500, .joined = 1000);
	WIRE_EQ(w, wire_recv(w, B, 1500), 1500);
	WIRE_EQ(w, wire_count(w, B, WIRE_ACK), 1);
}

/* A small one, a full one behind it: the rest waits for the ACK of the small one (Nagle). */
static void ack__nagle_waits_for_it(struct kunit *test)
{
	struct wire *w = connected_long_ago(test);

	wire_xs(w, B)->rcv.quick_aside = 0;
	WIRE_EQ(w, wire_send(w, A, 100), 100);
	WIRE_EQ(w, wire_send(w, A, 1050), 1050);
	wire_run_ms(w, 40);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1150);
}

/* --- the queues of this machine ---------------------------------------------------- */

/* A device that is slow: what is given to it stays there. */
struct slow {
	struct wire *w;
	struct sk_buff_head queue;
	struct nf_hook_ops hook;
};

static unsigned int stays(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct slow *slow = priv;

	if (skb->sk != slow->w->side[A].sock->sk || skb->len < 1000)
		return NF_ACCEPT;
	skb_queue_tail(&slow->queue, skb);
	return NF_STOLEN;
}

/* The oldest of them is on the wire, and lost there. */
static void leaves(struct slow *slow)
{
	kfree_skb(skb_dequeue(&slow->queue));
	/* A tasklet does the rest. */
	local_bh_disable();
	xtcp_batch_end();
	local_bh_enable();
}

/* There is room for much, that goes a segment at a time, unless the test says otherwise. */
static void slow_begin(struct slow *slow, struct wire *w)
{
	*slow = (struct slow){
		.w = w,
		.hook = {
			.hook = stays, .priv = slow, .pf = w->ip->pf,
			.hooknum = NF_INET_LOCAL_OUT, .priority = NF_IP_PRI_FIRST,
		},
	};
	skb_queue_head_init(&slow->queue);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 400000), 0);
	wire_knob(w, gso, 0);
	KUNIT_ASSERT_EQ(w->test, nf_register_net_hook(&init_net, &slow->hook), 0);
}

static void slow_end(struct slow *slow)
{
	nf_unregister_net_hook(&init_net, &slow->hook);
	skb_queue_purge(&slow->queue);
}

/* A segment at a time, no more of them here than the knob says, or two; each that leaves lets one go. */
static void small_queue(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct slow slow;

	wire_knob(w, limit_output_bytes, 0);
	slow_begin(&slow, w);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	leaves(&slow);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	WIRE_EQ(w, wire_xs(w, A)->snd.segments_out, 4);
	leaves(&slow);
	WIRE_EQ(w, wire_xs(w, A)->snd.segments_out, 5);
	slow_end(&slow);
}

/* A driver may hold a lock that its interrupts take, too. */
static void small_queue__interrupts_are_off(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	unsigned long flags;
	struct slow slow;

	wire_knob(w, limit_output_bytes, 0);
	slow_begin(&slow, w);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	local_irq_save(flags);
	kfree_skb(skb_dequeue(&slow.queue));
	KUNIT_EXPECT_TRUE(test, irqs_disabled());
	local_irq_restore(flags);
	local_bh_disable();
	xtcp_batch_end();
	local_bh_enable();
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	WIRE_EQ(w, wire_xs(w, A)->snd.segments_out, 4);
	slow_end(&slow);
}

/* The window is wide and the knob large: all goes. */
static void small_queue__not_too_small(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct slow slow;

	wire_xs(w, A)->rtt.srtt_us = 100;
	slow_begin(&slow, w);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 9);
	slow_end(&slow);
}

/*
 * All left as the sender was about to wait for that, and did not tell: they had looked before
 * whether he wants to know. And they are lost. The rest goes when the first is sent again.
 */
static void small_queue__leave_unnoticed(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct slow slow;

	wire_knob(w, limit_output_bytes, 0);
	slow_begin(&slow, w);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	sock_set_flag(w->side[A].sock->sk, SOCK_USE_WRITE_QUEUE);
	skb_queue_purge(&slow.queue);
	slow_end(&slow);
	WIRE_EQ(w, wire_xs(w, A)->snd.segments_out, 3);
	wire_run_ms(w, 10000);
	WIRE_EQ(w, wire_recv(w, B, 10000), 9000);
}

/* A device that keeps what it sent until more comes: the ACK of it lets more go. */
static void small_queue__sent_but_kept(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct slow slow;

	wire_knob(w, limit_output_bytes, 0);
	slow_begin(&slow, w);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 1001);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	wire_inject(w, B, XTCP_ACK, .seq = 1, .ack = 3001);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 5);
	slow_end(&slow);
}

/* A device that gathers for several milliseconds says so, and has the text of as many. */
static void small_queue__device_gathers(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[A].sock->sk;
	struct slow slow;

	slow_begin(&slow, w);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	sk_pacing_shift_update(sk, 6);
	wire_xs(w, A)->rtt.srtt_us = 10000;
	leaves(&slow);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 8);
	slow_end(&slow);
}

/* The device takes no more segments in one: IP would cut up what has more. */
static void large__as_many_as_the_device_takes(struct kunit *test)
{
	struct net_device *lo = init_net.loopback_dev;
	struct wire *w = wire_connected(test);
	u16 before = lo->gso_max_segs;
	struct slow slow;

	WRITE_ONCE(lo->gso_max_segs, 3);
	slow_begin(&slow, w);
	wire_knob(w, gso, 1);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	if (!skb_queue_empty(&slow.queue))
		WIRE_EQ(w, skb_shinfo(skb_peek(&slow.queue))->gso_segs, 3);
	slow_end(&slow);
	WRITE_ONCE(lo->gso_max_segs, before);
}

/* The last of a closed connection leaves when no one holds its socket any more. */
static void small_queue__socket_is_gone(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct slow slow;

	wire_knob(w, limit_output_bytes, 0);
	slow_begin(&slow, w);
	WIRE_EQ(w, wire_send(w, A, 9000), 9000);
	WIRE_EQ(w, skb_queue_len(&slow.queue), 3);
	slow.w = NULL;
	nf_unregister_net_hook(&init_net, &slow.hook);
	WIRE_EQ(w, wire_linger(w, A, 0), 0);
	wire_release(w, A);
	leaves(&slow);
	skb_queue_purge(&slow.queue);
}

WIRE_SUITES(xtcp_batch_wire,
	KUNIT_CASE_SLOW(ack__one_for_a_batch),
	KUNIT_CASE_SLOW(ack__of_a_gap_does_not_wait),
	KUNIT_CASE_SLOW(ack__nagle_waits_for_it),
	KUNIT_CASE_SLOW(ack__by_who_reads),
	KUNIT_CASE_SLOW(ack__nobody_reads),
	KUNIT_CASE_SLOW(ack__at_once_if_asked),
	KUNIT_CASE_SLOW(ack__reader_wants_more),
	KUNIT_CASE_SLOW(ack__full_one_and_rest),
	KUNIT_CASE_SLOW(small_queue),
	KUNIT_CASE_SLOW(small_queue__interrupts_are_off),
	KUNIT_CASE_SLOW(small_queue__not_too_small),
	KUNIT_CASE_SLOW(small_queue__leave_unnoticed),
	KUNIT_CASE_SLOW(small_queue__sent_but_kept),
	KUNIT_CASE_SLOW(small_queue__device_gathers),
	KUNIT_CASE_SLOW(small_queue__socket_is_gone),
	KUNIT_CASE_SLOW(large__as_many_as_the_device_takes),
	{ }
);
