// SPDX-License-Identifier: GPL-2.0
/* MSG_ZEROCOPY: the user's pages themselves are sent, and he is told when they are his again. */

#include <linux/bvec.h>
#include <linux/errqueue.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <linux/uio.h>
#include <xtcp/compat.h>
#include <xtcp/output.h>
#include <xtcp/queue.h>
#include <xtcp/skb.h>
#include "../wire.h"

#ifdef SOCK_CUSTOM_SOCKOPT	/* or no socket of ours can ask for it */

enum { PIECES = 40, PIECE = 100 };	/* more than an skb takes */

/* Its octets are those that @end sends next; freed with the test, or what is left of it fails. */
static struct page *text_page(struct wire *w, enum wire_end end)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned int i;
	u8 *text;

	KUNIT_ASSERT_NOT_NULL(w->test, page);
	text = page_address(page);
	for (i = 0; i < PAGE_SIZE; i++)
		text[i] = wire_octet(end, w->side[end].sent + i);
	return page;
}

/* @n octets of @page from @from on. */
static int send_page(struct wire *w, enum wire_end end, struct page *page, unsigned int from,
		     unsigned int n, int flags)
{
	struct msghdr msg = {
		.msg_flags = MSG_ZEROCOPY | MSG_DONTWAIT | MSG_NOSIGNAL | flags,
	};
	struct bio_vec vec;
	int ret;

	bvec_set_page(&vec, page, n, from);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &vec, 1, n);
	ret = sock_sendmsg(w->side[end].sock, &msg);
	if (ret > 0)
		w->side[end].sent += ret;
	return ret;
}

static struct wire *asks(struct wire *w, enum wire_end end)
{
	WIRE_EQ(w, wire_option(w, end, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	return w;
}

/* Calls @first..@last are done, with a copy: the wire makes one to look at what it carries. */
#define COPIED(first, last)	((first) * 1000 + (last))

/* The next that the user is told; -1: nothing. */
static int told(struct wire *w, enum wire_end end)
{
	struct sk_buff *skb = sock_dequeue_err_skb(w->side[end].sock->sk);
	const struct sock_extended_err *ee;
	int ret;

	if (!skb)
		return -1;
	ee = &SKB_EXT_ERR(skb)->ee;
	WIRE_EQ(w, ee->ee_origin, SO_EE_ORIGIN_ZEROCOPY);
	WIRE_EQ(w, ee->ee_errno, 0);
	WIRE_EQ(w, ee->ee_code, SO_EE_CODE_ZEROCOPY_COPIED);
	ret = COPIED(ee->ee_info, ee->ee_data);
	consume_skb(skb);
	return ret;
}

static bool has(const struct sk_buff *skb, const struct page *page)
{
	return skb && skb_frag_page(&skb_shinfo(skb)->frags[0]) == page;
}

/* The option is a bool, and nothing else; what comes out of accept() has it. */
static void zerocopy__option(struct kunit *test)
{
	struct wire *w = test->priv;

	WIRE_EQ(w, wire_listen(w, B, 8), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_ZEROCOPY, 2), -EINVAL);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_ZEROCOPY, -1), -EINVAL);
	WIRE_EQ(w, wire_get_option(w, B, SOL_SOCKET, SO_ZEROCOPY), 0);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	WIRE_EQ(w, wire_connect(w, A), 0);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_accept(w, B), 0);
	WIRE_EQ(w, wire_get_option(w, B, SOL_SOCKET, SO_ZEROCOPY), 1);
	WIRE_EQ(w, wire_option(w, B, SOL_SOCKET, SO_ZEROCOPY, 0), 0);
	WIRE_EQ(w, wire_get_option(w, B, SOL_SOCKET, SO_ZEROCOPY), 0);
}

/* A flag without the option means nothing. */
static void zerocopy__not_asked_for(struct kunit *test)
{
	struct wire *w = wire_connected(test);
	struct page *page = text_page(w, A);

	WIRE_EQ(w, send_page(w, A, page, 0, 500, 0), 500);
	WIRE_EQ(w, page_count(page), 1);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 500);
	WIRE_EQ(w, told(w, A), -1);
	put_page(page);
}

/* The first goes lost, and is sent again; what a socket of this machine gets is a copy. */
static void zerocopy__told_when_acknowledged(struct kunit *test)
{
	struct wire *w = asks(wire_connected(test), A);
	struct sock *sk = w->side[A].sock->sk;
	struct page *page = text_page(w, A);

	wire_drop(w, A, WIRE_DATA, 1, 1);
	WIRE_EQ(w, send_page(w, A, page, 0, 500, 0), 500);
	WIRE_EQ(w, has(xtcp_queue_oldest(sk), page), true);
	WIRE_EQ(w, sk->sk_wmem_queued, xtcp_queue_oldest(sk)->truesize);
	WIRE_EQ(w, sk->sk_forward_alloc >= 0, true);
	wire_run_ms(w, 205);
	WIRE_EQ(w, told(w, A), -1);
	WIRE_EQ(w, page_count(page) > 1, true);
	wire_run_ms(w, 50);
	WIRE_EQ(w, told(w, A), COPIED(0, 0));
	WIRE_EQ(w, told(w, A), -1);
	WIRE_EQ(w, page_count(page), 1);
	WIRE_EQ(w, sk->sk_wmem_queued, 0);
	WIRE_EQ(w, atomic_read(&sk->sk_omem_alloc), 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 500);
	WIRE_EXPECT(w,
		    "0.000 ESTABLISHED -> P. 1:501 ack 1 -> x\n"
		    "0.200 ESTABLISHED -> P. 1:501 ack 1 -> ESTABLISHED\n"
		    "0.210 ESTABLISHED <- . 1 ack 501    <- ESTABLISHED\n");
	put_page(page);
}

/* Acknowledged at once or one by one, unread they are told as one; with POLLERR. */
static void zerocopy__joined(struct kunit *test)
{
	struct wire *w = asks(wire_connected(test), A);
	struct page *page = text_page(w, A);
	struct socket *sock = w->side[A].sock;

	WIRE_EQ(w, send_page(w, A, page, 0, 100, MSG_MORE), 100);
	WIRE_EQ(w, send_page(w, A, page, 100, 100, 0), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, sock->ops->poll(NULL, sock, NULL) & EPOLLERR, EPOLLERR);
	WIRE_EQ(w, send_page(w, A, page, 200, 100, 0), 100);
	wire_run_ms(w, 50);
	WIRE_EQ(w, told(w, A), COPIED(0, 2));
	WIRE_EQ(w, told(w, A), -1);
	WIRE_EQ(w, sock->ops->poll(NULL, sock, NULL) & EPOLLERR, 0);
	WIRE_EQ(w, wire_recv(w, B, 1000), 300);
	put_page(page);
}

/* An skb takes so many; the others go into the next. */
static void zerocopy__more_than_an_skb_takes(struct kunit *test)
{
	struct wire *w = asks(wire_connected(test), A);
	struct page *page[PIECES];
	unsigned int i;

	/* A page weighs what it is, however little of it is sent. */
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_SNDBUF, 2 * PIECES * PAGE_SIZE), 0);
	for (i = 0; i < PIECES; i++) {
		page[i] = text_page(w, A);
		WIRE_EQ(w, send_page(w, A, page[i], 0, PIECE, i < PIECES - 1 ? MSG_MORE : 0),
			PIECE);
	}
	wire_run_ms(w, 100);
	WIRE_EQ(w, wire_recv(w, B, 2 * PIECES * PIECE), PIECES * PIECE);
	WIRE_EQ(w, told(w, A), COPIED(0, PIECES - 1));
	for (i = 0; i < PIECES; i++) {
		WIRE_EQ(w, page_count(page[i]), 1);
		put_page(page[i]);
	}
}

/* Text that is copied joins it, in front and behind; it is not told of. */
static void zerocopy__beside_copies(struct kunit *test)
{
	struct wire *w = asks(wire_connected(test), A);
	struct page *page;

	WIRE_EQ(w, wire_send_flags(w, A, 100, MSG_MORE), 100);
	page = text_page(w, A);
	WIRE_EQ(w, send_page(w, A, page, 0, 200, MSG_MORE), 200);
	WIRE_EQ(w, wire_send_flags(w, A, 300, MSG_MORE), 300);
	WIRE_EQ(w, skb_shinfo(xtcp_queue_last_unsent(w->side[A].sock->sk))->nr_frags, 3);
	WIRE_EQ(w, wire_send(w, A, 1), 1);
	wire_run_ms(w, 50);
	WIRE_EQ(w, wire_recv(w, B, 1000), 601);
	WIRE_EQ(w, told(w, A), COPIED(0, 0));
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
}

/* B's page, cut where the window ends: 3000 of its octets are under way. */
static struct page *send_in_parts(struct wire *w)
{
	struct page *page = text_page(w, B);
	struct sock *sk = asks(w, B)->side[B].sock->sk;

	WIRE_EQ(w, wire_option(w, B, SOL_TCP, TCP_MAXSEG, 1000), 0);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 1, .wnd = 3000 >> 6);	/* scaled */
	WIRE_EQ(w, send_page(w, B, page, 0, PAGE_SIZE, 0), PAGE_SIZE);
	WIRE_EQ(w, has(xtcp_queue_oldest(sk), page), true);
	WIRE_EQ(w, has(xtcp_queue_unsent(sk), page), true);
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = 501, .wnd = 2500 >> 6);
	wire_run_ms(w, 1500);		/* the first is sent again */
	WIRE_EQ(w, has(xtcp_queue_oldest(sk), page), true);
	return page;
}

/* All parts have to be acknowledged. */
static void zerocopy__in_parts(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct page *page = send_in_parts(w);
	u32 ack;

	for (ack = 1000; ack <= PAGE_SIZE; ack += 500) {
		wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = ack, .wnd = 6400 >> 6);
		wire_run_ms(w, 10);
		WIRE_EQ(w, told(w, B), -1);
		WIRE_EQ(w, page_count(page) > 1, true);
	}
	wire_inject(w, A, XTCP_ACK, .seq = 1, .ack = PAGE_SIZE + 1, .wnd = 6400 >> 6);
	wire_run_ms(w, 10);
	WIRE_EQ(w, told(w, B), COPIED(0, 0));
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
}

/* The end of the connection is one, too. */
static void zerocopy__reset(struct kunit *test)
{
	struct wire *w = wire_puppet(test);
	struct page *page = send_in_parts(w);

	WIRE_EQ(w, told(w, B), -1);
	wire_inject(w, A, XTCP_RST, .seq = 1);
	WIRE_STATE(w, B, CLOSED);
	WIRE_EQ(w, told(w, B), COPIED(0, 0));
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
}

static void set_features(netdev_features_t features)
{
	rtnl_lock();
	init_net.loopback_dev->features = features;
	rtnl_unlock();
}

/* A sum that we make ourselves needs text that stays as it is; a device that takes no fragments, a copy. */
static void zerocopy__the_device_does_not_sum(struct kunit *test)
{
	struct wire *w = asks(wire_connected(test), A);
	netdev_features_t old = init_net.loopback_dev->features;
	struct page *page = text_page(w, A);

	set_features(old & ~NETIF_F_SG);
	WIRE_EQ(w, send_page(w, A, page, 0, 500, 0), 500);
	WIRE_EQ(w, page_count(page), 1);
	WIRE_EQ(w, told(w, A), COPIED(0, 0));
	set_features(old & ~NETIF_F_HW_CSUM);
	WIRE_EQ(w, send_page(w, A, page, 500, 500, 0), 500);
	WIRE_EQ(w, page_count(page), 1);
	WIRE_EQ(w, told(w, A), COPIED(1, 1));
	wire_run_ms(w, 50);
	set_features(old);
	WIRE_EQ(w, wire_recv(w, B, 2000), 1000);
	put_page(page);
}

/* A call that fails has no number: the next one has it. */
static void zerocopy__fails(struct kunit *test)
{
	struct wire *w = asks(wire_connected(test), A);
	struct sock *sk = w->side[A].sock->sk;
	struct page *page = text_page(w, A);

	/* No memory for what is to be told. */
	atomic_add(INT_MAX / 2, &sk->sk_omem_alloc);
	WIRE_EQ(w, send_page(w, A, page, 0, 100, 0), -ENOBUFS);
	atomic_sub(INT_MAX / 2, &sk->sk_omem_alloc);
	WIRE_EQ(w, wire_option(w, A, SOL_SOCKET, SO_ZEROCOPY, 1), 0);
	WIRE_EQ(w, send_page(w, A, page, 0, 0, 0), 0);
	WIRE_EQ(w, atomic_read(&sk->sk_zckey), 0);
	WIRE_EQ(w, send_page(w, A, page, 0, 100, 0), 100);
	WIRE_EQ(w, wire_shutdown(w, A, SHUT_WR), 0);
	WIRE_EQ(w, send_page(w, A, page, 100, 100, 0), -EPIPE);
	WIRE_EQ(w, atomic_read(&sk->sk_zckey), 1);
	wire_run_ms(w, 50);
	WIRE_EQ(w, told(w, A), COPIED(0, 0));
	WIRE_EQ(w, told(w, A), -1);
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
}

/* No memory for the text: as for any, -EAGAIN, and then it goes. */
static void zerocopy__memory_runs_out(struct kunit *test)
{
	struct wire *w = asks(wire_connected(test), A);
	struct sock *sk = w->side[A].sock->sk;
	struct page *page = text_page(w, A);
	int n = 0, ret;

	wire_memory_runs_out(w);
	while ((ret = send_page(w, A, page, n, 100, 0)) > 0)
		n += ret;
	WIRE_EQ(w, ret, -EAGAIN);
	WIRE_EQ(w, n > 0, true);
	WIRE_EQ(w, sk->sk_forward_alloc >= 0, true);
	wire_memory_is_back(w);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, send_page(w, A, page, n, 100, 0), 100);
	wire_run_ms(w, 1000);
	WIRE_EQ(w, wire_recv(w, B, PAGE_SIZE), n + 100);
	WIRE_EQ(w, told(w, A), COPIED(0, n / 100));
	WIRE_EQ(w, sk->sk_wmem_queued, 0);
	WIRE_EQ(w, page_count(page), 1);
	put_page(page);
}

WIRE_SUITES(xtcp_zerocopy_wire,
	KUNIT_CASE_SLOW(zerocopy__option),
	KUNIT_CASE_SLOW(zerocopy__not_asked_for),
	KUNIT_CASE_SLOW(zerocopy__told_when_acknowledged),
	KUNIT_CASE_SLOW(zerocopy__joined),
	KUNIT_CASE_SLOW(zerocopy__more_than_an_skb_takes),
	KUNIT_CASE_SLOW(zerocopy__beside_copies),
	KUNIT_CASE_SLOW(zerocopy__in_parts),
	KUNIT_CASE_SLOW(zerocopy__reset),
	KUNIT_CASE_SLOW(zerocopy__the_device_does_not_sum),
	KUNIT_CASE_SLOW(zerocopy__fails),
	KUNIT_CASE_SLOW(zerocopy__memory_runs_out),
	{ }
);

#endif
