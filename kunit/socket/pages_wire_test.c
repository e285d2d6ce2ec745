// SPDX-License-Identifier: GPL-2.0
/* Pages that are sent as they are: MSG_SPLICE_PAGES, by which sendfile() and splice() come. */

#include <linux/bvec.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <xtcp/compat.h>
#include <xtcp/pages.h>
#include <xtcp/queue.h>
#include <xtcp/skb.h>
#include "../wire.h"

#ifdef XTCP_HAVE_SPLICE_PAGES	/* the others copy */

enum { PIECES = 40, PIECE = 100 };	/* more than an skb takes */

/* Its octets are those that A sends next; freed with the test, or what is left of it fails. */
static struct page *text_page(struct wire *w)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned int i;
	u8 *text;

	KUNIT_ASSERT_NOT_NULL(w->test, page);
	text = page_address(page);
	for (i = 0; i < PAGE_SIZE; i++)
		text[i] = wire_octet(A, w->side[A].sent + i);
	return page;
}

/* @n octets of @page from @from on. */
static int send_page(struct wire *w, struct page *page, unsigned int from, unsigned int n,
		     int flags)
{
	struct msghdr msg = {
		.msg_flags = MSG_SPLICE_PAGES | MSG_DONTWAIT | MSG_NOSIGNAL | flags,
	};
	struct bio_vec vec;
	int ret;

	bvec_set_page(&vec, page, n, from);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, n);
	ret = sock_sendmsg(w->side[A].sock, &msg);
	if (ret > 0)
		w->side[A].sent += ret;
	return ret;
}

static struct sk_buff *last_unsent(struct wire *w)
{
	struct sk_buff *skb = xtcp_queue_last_unsent(w->side[A].sock->sk);

	KUNIT_ASSERT_NOT_NULL(w->test, skb);
	return skb;
}

/* The page is in the queue, no copy of it; it is charged, and given back when that is acknowledged. */
static void pages__go_as_they_are(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct sock *sk = w->side[A].sock->sk;
	struct page *page = text_page(w);
	struct sk_buff *skb;

	WIRE_EQ(w, send_page(w, page, 0, 500, MSG_MORE), 500);
	skb = last_unsent(w);
	WIRE_EQ(w, skb_shinfo(skb)->nr_frags, 1);
	WIRE_EQ(w, skb_frag_page(&skb_shinfo(skb)->frags[0]) == page, true);
	WIRE_EQ(w, skb_shinfo(skb)->flags & SKBFL_SHARED_FRAG, SKBFL_SHARED_FRAG);
	WIRE_EQ(w, sk->sk_wmem_queued, skb->truesize);
	WIRE_EQ(w, skb->truesize >= 500, true);
	WIRE_EQ(w, send_page(w, page, 500, 400, 0), 400);
	wire_run_ms(w, 50);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:901 ack 1 -> ESTABLISHED\n"
		    "0.010 ESTABLISHED <- . 1 ack 901    <- ESTABLISHED\n");
	WIRE_EQ(w, wire_recv(w, B, 1000), 900);
	WIRE_EQ(w, sk->sk_wmem_queued, 0);
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
}

/* Who sends says that no one else writes to it. */
static void pages__of_no_one_else(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct page *page = text_page(w);

	WIRE_EQ(w, send_page(w, page, 0, 500, MSG_MORE | MSG_NO_SHARED_FRAGS), 500);
	WIRE_EQ(w, skb_shinfo(last_unsent(w))->flags & SKBFL_SHARED_FRAG, 0);
	put_page(page);
}

/* Copied text, pages, and copied text behind them, in one skb. */
static void pages__beside_copies(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct page *page;

	WIRE_EQ(w, wire_send_flags(w, A, 100, MSG_MORE), 100);
	page = text_page(w);
	WIRE_EQ(w, send_page(w, page, 0, 200, MSG_MORE), 200);
	WIRE_EQ(w, wire_send_flags(w, A, 300, MSG_MORE), 300);
	WIRE_EQ(w, skb_shinfo(last_unsent(w))->nr_frags, 3);
	WIRE_EQ(w, wire_send(w, A, 1), 1);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 601);
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
}

/* An skb takes so many; the others go into the next. */
static void pages__more_than_an_skb_takes(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct page *page[PIECES];
	unsigned int i;

	for (i = 0; i < PIECES; i++) {
		page[i] = text_page(w);
		WIRE_EQ(w, send_page(w, page[i], 0, PIECE, i < PIECES - 1 ? MSG_MORE : 0), PIECE);
	}
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 2 * PIECES * PIECE), PIECES * PIECE);
	for (i = 0; i < PIECES; i++) {
		WIRE_EQ(w, page_count(page[i]), 1);
		put_page(page[i]);
	}
}

/* Cut where the window ends, acknowledged in part, sent again, and thrown away. */
static void pages__in_parts(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct page *page = text_page(w);
	struct sock *sk = w->side[B].sock->sk;
	struct msghdr msg = { .msg_flags = MSG_SPLICE_PAGES | MSG_DONTWAIT };
	struct bio_vec vec;

	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_MAXSEG, 1000), 0);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 3000 >> 6);	/* scaled */
	bvec_set_page(&vec, page, PAGE_SIZE, 0);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, PAGE_SIZE);
	WIRE_EQ(w, sock_sendmsg(w->side[B].sock, &msg), PAGE_SIZE);
	WIRE_EQ(w, xtcp_queue_unsent(sk) && xtcp_queue_oldest(sk), true);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 501, .wnd = 2500 >> 6);
	wire_run_ms(w, 1500);		/* the first is sent again */
	WIRE_EQ(w, xtcp_queue_oldest(sk) &&
		skb_frag_page(&skb_shinfo(xtcp_queue_oldest(sk))->frags[0]) == page, true);
	WIRE_EQ(w, page_count(page) > 1, true);
	wire_inject(w, A, XTCP_RST, .seq = 1);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
}

static netdev_features_t lo_features(netdev_features_t features)
{
	netdev_features_t old = init_net.loopback_dev->features;

	rtnl_lock();
	init_net.loopback_dev->features = features;
	rtnl_unlock();
	return old;
}

/* A sum that we make ourselves needs text that stays as it is; a device that takes no fragments, a copy. */
static void pages__the_device_does_not_sum(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	netdev_features_t lacks, old = init_net.loopback_dev->features;
	struct page *page = text_page(w);

	for (lacks = NETIF_F_SG; lacks; lacks = lacks == NETIF_F_SG ? NETIF_F_HW_CSUM : 0) {
		lo_features(old & ~lacks);
		WIRE_EQ(w, send_page(w, page, w->side[A].sent, 500, MSG_MORE), 500);
		WIRE_EQ(w, page_count(page), 1);
	}
	WIRE_EQ(w, send_page(w, page, w->side[A].sent, 1, 0), 1);
	wire_run_ms(w, 50);
	lo_features(old);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1001);
	put_page(page);
}

/* Is @page taken from an skb that has it to itself? Marked as those are that text is written to. */
static bool is_kept(struct wire *w, struct page *page)
{
	struct sk_buff *skb = alloc_skb(0, GFP_KERNEL);
	bool kept;

	KUNIT_ASSERT_NOT_NULL(w->test, skb);
	skb_add_rx_frag(skb, 0, page, 0, 100, page_size(page));
	xtcp_pages_keep(skb);
	kept = !skb_shinfo(skb)->nr_frags;
	skb->len = 0;
	skb->data_len = 0;
	if (!kept)
		set_page_private(page, 0);
	kfree_skb(skb);
	xtcp_pages_give_back();
	return kept;
}

/*
 * The mark is a number, and others have numbers there, too: what is smaller would be written
 * behind its end. Pages of the reserve go back to it.
 */
static void kept__only_what_is_as_large(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	unsigned long mark;
	struct page *page;
	int order, i;

	WIRE_EQ(w, wire_send(w, A, 100), 100);
	page = skb_frag_page(&skb_shinfo(xtcp_queue_oldest(w->side[A].sock->sk))->frags[0]);
	order = get_order(page_size(page));
	mark = page_private(page);
	KUNIT_ASSERT_NE(test, mark, 0);
	for (i = 0; i < 3; i++) {
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, i ? order : 0);
		KUNIT_ASSERT_NOT_NULL(test, page);
		set_page_private(page, mark);
		if (i == 2)
			set_page_pfmemalloc(page);
		KUNIT_EXPECT_EQ_MSG(test, is_kept(w, page), i == 1, "%d", i);
	}
}

/* What is acknowledged and read leaves pages, which the machine has for the asking, once. */
static void kept__until_the_machine_wants_them(struct kunit *test)
{
	struct wire *w = wire_connected(test);

	xtcp_pages_give_back();
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 200000), 0);
	WIRE_EQ(w, wire_send(w, A, 70000), 70000);
	wire_run_ms(w, 500);
	WIRE_EQ(w, wire_recv(w, B, 70000), 70000);
	KUNIT_EXPECT_EQ(test, xtcp_pages_shrink(1), 32768 / PAGE_SIZE);
	xtcp_pages_shrink(ULONG_MAX);
	KUNIT_EXPECT_EQ(test, xtcp_pages_shrink(ULONG_MAX), 0);
}

WIRE_SUITES(xtcp_pages_wire,
	KUNIT_CASE_SLOW(kept__only_what_is_as_large),
	KUNIT_CASE_SLOW(kept__until_the_machine_wants_them),
	KUNIT_CASE_SLOW(pages__go_as_they_are),
	KUNIT_CASE_SLOW(pages__of_no_one_else),
	KUNIT_CASE_SLOW(pages__beside_copies),
	KUNIT_CASE_SLOW(pages__more_than_an_skb_takes),
	KUNIT_CASE_SLOW(pages__in_parts),
	KUNIT_CASE_SLOW(pages__the_device_does_not_sum),
	{ }
);

#endif
