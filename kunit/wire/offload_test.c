// SPDX-License-Identifier: GPL-2.0
/*
 * wire/offload.c: what a device brought as many segments goes up as one, of which the same
 * segments can be made again; and what goes out as one is cut up.
 */

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/in.h>
#include <linux/ipv6.h>
#include <linux/netdevice.h>
#include <linux/tcp.h>
#include <net/gro.h>
#include <net/gso.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/net_namespace.h>
#include <uapi/linux/xtcp.h>
#include <xtcp/compat.h>
#include <xtcp/offload.h>

enum { SEGMENTS = 3, TEXT = 100, IP_ID = 7 };

/*
 * In front of IP stands what the device did not take off, as a VLAN's header would, whatever
 * this kernel has: so many octets of a kind of its own, the first two say what follows.
 */
enum { SHIM = 4, SHIM_TYPE = ETH_P_802_EX1 };

static struct sk_buff *shim_receive(struct list_head *head, struct sk_buff *skb)
{
	const __be16 *shim = skb_gro_header(skb, skb_gro_offset(skb) + SHIM, skb_gro_offset(skb));
	const struct packet_offload *ip = shim ? gro_find_receive_by_type(*shim) : NULL;

	if (!ip) {
		NAPI_GRO_CB(skb)->flush = 1;
		return NULL;
	}
	skb_gro_pull(skb, SHIM);
	skb_gro_postpull_rcsum(skb, shim, SHIM);
	return ip->callbacks.gro_receive(head, skb);
}

static int shim_complete(struct sk_buff *skb, int nhoff)
{
	const __be16 *shim = (__be16 *)(skb->data + nhoff);

	return gro_find_complete_by_type(*shim)->callbacks.gro_complete(skb, nhoff + SHIM);
}

static struct packet_offload shim_offload = {
	.type = cpu_to_be16(SHIM_TYPE),
	.callbacks = { .gro_receive = shim_receive, .gro_complete = shim_complete },
};

/* A device that brings @waiting, and what came of it. */
struct nic {
	struct napi_struct napi;
	struct sk_buff_head waiting, up;
	struct packet_type type;
};

static int poll(struct napi_struct *napi, int budget)
{
	struct nic *nic = container_of(napi, struct nic, napi);
	struct sk_buff *skb;
	int n = 0;

	while ((skb = skb_dequeue(&nic->waiting))) {
		napi_gro_receive(napi, skb);
		n++;
	}
	napi_complete_done(napi, n);
	return n;
}

static int goes_up(struct sk_buff *skb, struct net_device *dev, struct packet_type *type,
		   struct net_device *orig_dev)
{
	struct nic *nic = container_of(type, struct nic, type);

	if (skb->mark == IP_ID)
		skb_queue_tail(&nic->up, skb);
	else
		kfree_skb(skb);
	return 0;
}

static __sum16 sum(const void *ip, u32 len, __wsum text)
{
	const struct ipv6hdr *ip6h = ip;
	const struct iphdr *iph = ip;

	return iph->version == 4 ?
		csum_tcpudp_magic(iph->saddr, iph->daddr, len, IPPROTO_XTCP, text) :
		csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len, IPPROTO_XTCP, text);
}

static void put_ip(struct sk_buff *skb, bool ipv6, u32 len)
{
	struct iphdr *iph;

	if (ipv6) {
		*(struct ipv6hdr *)skb_put(skb, sizeof(struct ipv6hdr)) = (struct ipv6hdr){
			.version	= 6,
			.payload_len	= htons(len),
			.nexthdr	= IPPROTO_XTCP,
			.hop_limit	= 64,
			.saddr		= { .s6_addr = { 0xfd, [15] = 1 } },
			.daddr		= { .s6_addr = { 0xfd, [15] = 2 } },
		};
		return;
	}
	iph = skb_put(skb, sizeof(*iph));
	*iph = (struct iphdr){
		.version	= 4,
		.ihl		= 5,
		.tot_len	= htons(sizeof(*iph) + len),
		.id		= htons(IP_ID),
		.frag_off	= htons(IP_DF),
		.ttl		= 64,
		.protocol	= IPPROTO_XTCP,
		.saddr		= htonl(0x0a070001),
		.daddr		= htonl(0x0a070002),
	};
	ip_send_check(iph);
}

/* The @n-th segment. */
static struct sk_buff *segment(struct kunit *test, bool ipv6, unsigned int n)
{
	struct sk_buff *skb = alloc_skb(512, GFP_KERNEL);
	u32 len = sizeof(struct tcphdr) + TEXT;
	__be16 *shim;
	struct tcphdr *th;
	void *ip;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reserve(skb, NET_SKB_PAD + NET_IP_ALIGN);
	skb_put_zero(skb, ETH_HLEN);
	shim = skb_put_zero(skb, SHIM);
	*shim = htons(ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	ip = skb_tail_pointer(skb);
	put_ip(skb, ipv6, len);
	th = skb_put_zero(skb, len);
	th->source = htons(1);
	th->dest = htons(2);
	th->seq = htonl(1 + n * TEXT);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	th->check = sum(ip, len, csum_partial(th, len, 0));
	skb_reset_mac_header(skb);
	skb_pull(skb, ETH_HLEN);
	skb->protocol = htons(SHIM_TYPE);
	skb->dev = init_net.loopback_dev;
	skb->mark = IP_ID;
	return skb;
}

/* What it brings is held for so long, joined, for more to come. */
static void hold(struct nic *nic, unsigned long ns)
{
	WRITE_ONCE(xtcp_gro_flush_timeout(&nic->napi), ns);
}

static struct nic *bring(struct kunit *test, bool ipv6, unsigned long hold_ns)
{
	struct nic *nic = kunit_kzalloc(test, sizeof(*nic), GFP_KERNEL);
	struct net_device *lo = init_net.loopback_dev;
	unsigned int n;

	KUNIT_ASSERT_NOT_NULL(test, nic);
	nic->type = (struct packet_type){ .type = htons(SHIM_TYPE), .dev = lo, .func = goes_up };
	skb_queue_head_init(&nic->waiting);
	skb_queue_head_init(&nic->up);
	for (n = 0; n < SEGMENTS; n++)
		skb_queue_tail(&nic->waiting, segment(test, ipv6, n));
	dev_add_offload(&shim_offload);
	dev_add_pack(&nic->type);
	netif_napi_add(lo, &nic->napi, poll);
	hold(nic, hold_ns);
	napi_enable(&nic->napi);
	local_bh_disable();
	napi_schedule(&nic->napi);
	local_bh_enable();
	return nic;
}

/* All of them as one, or NULL. */
static struct sk_buff *came_up(struct kunit *test, struct nic *nic)
{
	hold(nic, 0);
	napi_disable(&nic->napi);
	netif_napi_del(&nic->napi);
	dev_remove_pack(&nic->type);
	dev_remove_offload(&shim_offload);
	skb_queue_purge(&nic->waiting);
	KUNIT_EXPECT_EQ(test, skb_queue_len(&nic->up), 1);
	return skb_dequeue(&nic->up);
}

/* Its sum is that of the pseudo header: who cuts it up goes on from there. */
static void sums_up(struct kunit *test, bool ipv6)
{
	struct sk_buff *skb = came_up(test, bring(test, ipv6, 0));
	u32 ip_len = ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct tcphdr *th;

	if (skb) {
		__skb_pull(skb, SHIM);
		th = (struct tcphdr *)(skb->data + ip_len);
		KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->gso_segs, SEGMENTS);
		KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->gso_size, TEXT);
		KUNIT_EXPECT_TRUE(test, skb->ip_summed == CHECKSUM_PARTIAL);
		KUNIT_EXPECT_EQ(test, (__force u16)~th->check,
				(__force u16)sum(skb->data, skb->len - ip_len, 0));
		/* Numbered alike they came, and so they go on. */
		KUNIT_EXPECT_EQ(test, !!(skb_shinfo(skb)->gso_type & SKB_GSO_TCP_FIXEDID), !ipv6);
		KUNIT_EXPECT_TRUE(test, skb_shinfo(skb)->gso_type & SKB_GSO_SCTP);
	}
	kfree_skb(skb);
}

static void joined__behind_a_shim(struct kunit *test)
{
	sums_up(test, false);
}

static void joined__behind_a_shim6(struct kunit *test)
{
	sums_up(test, true);
}

/* The module goes while a device holds what was joined: that goes up first. */
static void joined__before_it_goes(struct kunit *test)
{
	struct nic *nic = bring(test, false, 10 * NSEC_PER_MSEC);
	struct sk_buff *skb;

	KUNIT_EXPECT_EQ(test, skb_queue_len(&nic->up), 0);
	xtcp_offload_unregister();
	msleep(20);
	KUNIT_EXPECT_EQ(test, xtcp_offload_register(), 0);
	skb = came_up(test, nic);
	if (skb)
		KUNIT_EXPECT_EQ(test, skb_shinfo(skb)->gso_segs, SEGMENTS);
	kfree_skb(skb);
}

/* --- out -------------------------------------------------------------------- */

/* The text of SEGMENTS, in a page that weighs much more. */
static struct sk_buff *large(struct kunit *test, bool ipv6)
{
	u32 ip_len = ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	struct sk_buff *skb = segment(test, ipv6, 0);
	u32 more = (SEGMENTS - 1) * TEXT;

	KUNIT_ASSERT_NOT_NULL(test, page);
	skb_pull(skb, SHIM);
	skb->protocol = htons(ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	skb_reset_network_header(skb);
	skb_set_transport_header(skb, ip_len);
	skb_add_rx_frag(skb, 0, page, 0, more, page_size(page));
	if (ipv6)
		ipv6_hdr(skb)->payload_len = htons(skb->len - ip_len);
	else
		ip_hdr(skb)->tot_len = htons(skb->len);
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_transport_header(skb) - skb->head;
	skb->csum_offset = offsetof(struct tcphdr, check);
	tcp_hdr(skb)->check = ~sum(skb_network_header(skb), skb->len - ip_len, 0);
	skb_shinfo(skb)->gso_size = TEXT;
	skb_shinfo(skb)->gso_segs = SEGMENTS;
	skb_shinfo(skb)->gso_type = SKB_GSO_SCTP | (ipv6 ? SKB_GSO_TCPV6 : SKB_GSO_TCPV4);
	skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	return skb;
}

/* Each segment weighs what it is, and its sender is charged with that until it has left. */
static void weighs(struct kunit *test, bool ipv6)
{
	struct sk_buff *skb = large(test, ipv6), *segments, *next;
	u32 whole = skb->truesize, n = 0, weight = 0;
	struct socket *sock;
	struct sock *sk;

	KUNIT_ASSERT_EQ(test, sock_create_kern(&init_net, PF_INET, SOCK_STREAM, IPPROTO_XTCP,
					       &sock), 0);
	sk = sock->sk;
	skb_set_owner_w(skb, sk);
	segments = skb_gso_segment(skb, NETIF_F_SG | NETIF_F_HW_CSUM);
	if (IS_ERR_OR_NULL(segments)) {
		KUNIT_FAIL(test, "not cut up: %ld", PTR_ERR(segments));
		segments = NULL;
	}
	consume_skb(skb);
	for (skb = segments; skb; skb = skb->next, n++) {
		KUNIT_EXPECT_LT(test, skb->truesize, whole / 2);
		weight += skb->truesize;
	}
	KUNIT_EXPECT_EQ(test, n, SEGMENTS);
	KUNIT_EXPECT_EQ(test, sk_wmem_alloc_get(sk), weight);
	for (skb = segments; skb; skb = next) {
		next = skb->next;
		skb_mark_not_on_list(skb);
		weight -= skb->truesize;
		consume_skb(skb);
		KUNIT_EXPECT_EQ(test, sk_wmem_alloc_get(sk), weight);
	}
	sock_release(sock);
}

static void cut_up__weight(struct kunit *test)
{
	weighs(test, false);
}

static void cut_up__weight6(struct kunit *test)
{
	weighs(test, true);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(cut_up__weight),
	KUNIT_CASE(cut_up__weight6),
	KUNIT_CASE(joined__behind_a_shim),
	KUNIT_CASE(joined__behind_a_shim6),
	KUNIT_CASE(joined__before_it_goes),
	{ }
};

static struct kunit_suite xtcp_offload = {
	.name = "xtcp_offload",
	.test_cases = cases,
};

kunit_test_suite(xtcp_offload);
