package tasks

import (
	"strconv"
	"strings"
	"unicode"
)

// token is a word in lower case, a number, or one sign.
type token struct {
	text string
	n    int // the value of a number of up to four digits; -1 otherwise
}

func (t token) number() bool { return t.text != "" && t.text[0] >= '0' && t.text[0] <= '9' }

// quotes say nothing, nor does the mark of minutes in "17h30'".
const quotes = "\"'“”„‘’«»′"

// tokenise splits cleaned text. White space only separates: "30 / 6/2023" is
// "30/6/2023". Invisible characters are nothing at all.
func tokenise(s string) []token {
	var out []token
	var word strings.Builder
	var digits bool
	flush := func() {
		if word.Len() > 0 {
			out = append(out, newToken(word.String(), digits))
			word.Reset()
		}
	}
	for _, c := range s {
		digit := c >= '0' && c <= '9'
		switch {
		case digit || unicode.IsLetter(c) || unicode.IsMark(c):
			if digit != digits {
				flush()
			}
			digits = digit
			word.WriteRune(unicode.ToLower(c))
		case unicode.Is(unicode.Cf, c) || strings.ContainsRune(quotes, c):
		default:
			flush()
			if unicode.IsSpace(c) {
				continue
			}
			s := sign(c)
			if n := len(out); s[0] == '.' && n > 0 && out[n-1].text[0] == '.' {
				out[n-1].text = blank
				continue
			}
			out = append(out, token{s, -1})
		}
	}
	flush()
	return out
}

func newToken(text string, digits bool) token {
	t := token{text, -1}
	if digits {
		if len(text) <= 4 {
			t.n, _ = strconv.Atoi(text)
		}
		return t
	}
	if same, ok := spellings[text]; ok {
		t.text = same
	}
	return t
}

// spellings are other ways to write a word of the grammar.
var spellings = map[string]string{
	"hàng": "hằng", "quí": "quý", "qúy": "quý", "qúi": "quý", "kì": "kỳ", "tuỳ": "tùy", "kí": "ký",
}

func sign(c rune) string {
	switch c {
	case '–', '—', '−', '‐', '‑', '~':
		return "-"
	case '[', '{':
		return "("
	case ']', '}':
		return ")"
	case '·', '•', '‣', '∙', '⁃':
		return bullet
	case '…':
		return blank
	case '&', '+':
		return "và"
	}
	if c >= 0x25a0 && c < 0x27c0 || unicode.Is(unicode.Co, c) { // ▪ ✓; in Word they are letters of symbol fonts
		return bullet
	}
	return string(c)
}

// bullet is any sign that lines of a list begin with, dashes apart.
const bullet = "•"

// blank is what a draft has in place of a number: "ngày …/6/2023".
const blank = ".."

// phrases is a set of phrases, by their first word, the longest first.
type phrases map[string][][]string

func newPhrases(list string) phrases {
	p := phrases{}
	for phrase := range strings.SplitSeq(list, "|") {
		words := strings.Fields(phrase)
		for i, w := range words {
			if same, ok := spellings[w]; ok {
				words[i] = same
			}
		}
		at := 0
		same := p[words[0]]
		for at < len(same) && len(same[at]) >= len(words) {
			at++
		}
		p[words[0]] = append(same[:at:at], append([][]string{words}, same[at:]...)...)
	}
	return p
}

// The words of the grammar.
var (
	// Around a point in time.
	beforeWords = newPhrases("trước|trước thời điểm")
	limitWords  = newPhrases("chậm nhất|muộn nhất|trễ nhất|không quá|không để quá|không muộn hơn|không chậm hơn|không trễ hơn|không muộn quá|không chậm quá|" +
		"hạn cuối|hạn chót|hạn cuối cùng|thời hạn|thời hạn hoàn thành|hạn hoàn thành|thời gian hoàn thành")
	doneWords  = newPhrases("hoàn thành|hoàn tất|xong|hoàn thành xong|kết thúc")
	untilWord  = newPhrases("đến|tới|đến trước|cho đến|cho tới")
	endWords   = newPhrases("hết|cuối|đến hết|đến cuối|tới hết|vào cuối|trong cuối|trước khi kết thúc|trước khi hết")
	inWords    = newPhrases("trong|vào|ngay trong|trong khoảng thời gian|trong thời gian|trong giai đoạn|trong cả giai đoạn")
	stageWords = newPhrases("giai đoạn|cả giai đoạn|thời kỳ|các|cả")
	isWords    = newPhrases("là|:|vào lúc|lúc")
	clockTail  = newPhrases("sáng|chiều|tối|trưa|buổi sáng|buổi chiều|buổi tối|buổi trưa")
	andWords   = newPhrases(",|và")

	// Around a length of time.
	sinceWords  = newPhrases("kể từ|tính từ|tính kể từ|từ")
	startWords  = newPhrases("bắt đầu|bắt đầu thực hiện|bắt đầu triển khai|khởi công|khởi động")
	periodWords = newPhrases("trong khoảng thời gian|khoảng thời gian|trong thời gian|giai đoạn|trong giai đoạn|thời kỳ")
	withinWords = newPhrases("trong|trong vòng|trong thời hạn|trong thời gian|thời hạn|thời gian|chậm nhất|chậm nhất là|chậm nhất sau|muộn nhất|muộn nhất sau|không quá|" +
		"chậm nhất trong|chậm nhất trong vòng|chậm nhất không quá")
	issuing = newPhrases("ban hành|ký|ký ban hành|kế hoạch này được ban hành|kế hoạch được ban hành|kế hoạch này ban hành|kế hoạch ban hành")
	thisDoc = newPhrases("kế hoạch|kế hoạch này|bản kế hoạch này|văn bản này|quyết định này|chương trình này|chỉ thị này|công văn này")

	planning  = newPhrases("dự kiến|dự kiến là|dự kiến thời gian|dự kiến sẽ")
	extending = newPhrases("gia hạn|được gia hạn|gia hạn thời gian|gia hạn thời gian thực hiện|gia hạn thời gian hoàn thành")
	tooLate   = newPhrases("quá hạn|quá thời hạn|nếu quá hạn|nếu quá thời hạn|trường hợp quá hạn")

	// Kinds.
	ongoingWords = newPhrases("thường xuyên|thường xuyên liên tục|liên tục|duy trì|duy trì thường xuyên|lâu dài|thường kỳ liên tục")
	regularly    = newPhrases("định kỳ")
	daily        = newPhrases("hằng ngày|, hằng ngày|hằng giờ|, hằng giờ|24 / 7|, 24 / 7|24 / 24|, 24 / 24|24 / 24 giờ|, 24 / 24 giờ|24 / 24 h|, 24 / 24 h")
	everyDay     = newPhrases("hằng ngày|mỗi ngày")
	allDay       = newPhrases("24 / 7|24 / 24")
	laterYears   = newPhrases("những năm tiếp theo|các năm tiếp theo|những năm sau|các năm sau|những năm sau đó|các năm sau đó|năm tiếp theo|" +
		"những năm tới|các năm tới|những năm kế tiếp|các năm kế tiếp|trở đi|về sau")
	awaitWords = newPhrases("sau khi|ngay sau khi|khi có|khi được|khi nhận được|khi phát sinh|khi cần|chờ|tùy theo|tùy thuộc|phụ thuộc|đột xuất|" +
		"kể từ khi|từ khi|ngay khi|ngay khi có|khi trung ương")
	accordingTo = newPhrases("theo tiến độ|theo đúng tiến độ|theo yêu cầu|theo hướng dẫn|theo chỉ đạo|theo sự chỉ đạo|theo lộ trình|theo đúng lộ trình|theo kế hoạch|theo văn bản|" +
		"theo thông báo|theo lịch|theo quy định|theo đúng quy định|theo chương trình|theo kết luận|theo nghị quyết|theo quyết định|theo công văn|" +
		"theo chỉ thị|theo nghị định|theo thông tư|theo đề án|theo dự án|theo phân công|theo đề nghị|theo thời gian|theo thời hạn|" +
		"theo tình hình|theo nhu cầu|theo thực tế|theo phân kỳ|theo hợp đồng|theo kết quả|theo các văn bản|theo nội dung|theo luật|theo phụ lục|theo thời điểm|" +
		"theo nq|theo qđ|theo cv|theo kh|theo nđ|theo ct|theo tt|theo kl|theo hd|theo tb")

	// A document that is cited, and what stands between it and its date.
	documents = newPhrases("nghị quyết|quyết định|công văn|kế hoạch|nghị định|chỉ thị|thông tư|thông tư liên tịch|kết luận|hướng dẫn|thông báo|tờ trình|báo cáo|" +
		"chương trình|đề án|quy trình|văn bản|quy chế|quy định|biên bản|công điện|giấy mời|luật|bộ luật|pháp lệnh|hợp đồng|nq|qđ|cv|kh|nđ|ct|tt|kl|hd|tb|tbkl")
	laws      = newPhrases("luật|bộ luật|pháp lệnh|hiến pháp")
	dateOfDoc = newPhrases("ký|ban hành|đề|được ban hành")
	purposes  = newPhrases("để|nhằm|phục vụ|làm cơ sở")

	// Phases.
	labels = newPhrases("lần|đợt|giai đoạn|kỳ|lần thứ")
	counts = newPhrases("nhất|một|đầu|hai|ba|bốn|tư|i|ii|iii|iv|v|cuối")

	// Words that say nothing about time. Beside workWords any point in time is
	// the deadline; beside reportWords it must say so ("trong", "trước ngày"),
	// for "báo cáo quý III" is the name of a report.
	workWords = newPhrases("thực hiện|triển khai|triển khai thực hiện|tổ chức|tổ chức thực hiện|tiến hành|thời gian|thời gian thực hiện|tiến độ|" +
		"hạn|phải|cần|việc|toàn bộ|cơ bản|cơ bản hoàn thành|đồng loạt|đồng bộ|sau đó|tiếp tục|áp dụng|phấn đấu|tập huấn|thực hiện ngay")
	reportWords = newPhrases("ban hành|trình|ký|gửi|nộp|báo cáo|báo cáo tuần|báo cáo tháng|báo cáo quý|báo cáo năm|báo cáo kết quả|báo cáo kết quả thực hiện|công bố|phê duyệt|tổng hợp|sơ kết|tổng kết|" +
		"kiểm tra|rà soát|đánh giá|cập nhật|thống kê|họp|giao ban|tham mưu|xây dựng")
	findings = newPhrases("báo cáo kết quả|báo cáo kết quả thực hiện|kết quả|kết quả thực hiện|số liệu|tình hình|tình hình thực hiện")
	drafting = newPhrases("ban hành|trình|phê duyệt|công bố|tham mưu|tham mưu ban hành|xây dựng")

	// Verbs that, at the start of a clause, say that the rest is work to be done
	// and not a thing with a date of its own.
	actions = newPhrases("xử lý|giải quyết|khắc phục|có|đăng|đưa|ký kết|cấp|đạt|nghiệm thu|bàn giao|lắp đặt|trang bị|nhập|số hóa|làm sạch|kết nối|tích hợp|chia sẻ|tuyên truyền|" +
		"hướng dẫn|phổ biến|quán triệt|tập hợp|lập|thành lập|kiện toàn|phối hợp|cung cấp|chuẩn hóa|chuẩn bị|cắt giảm|cử|bố trí|mua sắm|nâng cấp|đề xuất|tiếp nhận|đăng ký|thẩm định|" +
		"thông báo|chuyển|niêm yết|khảo sát|lấy ý kiến|góp ý|cho ý kiến|chỉ đạo|đôn đốc|chủ động|tăng cường|đẩy nhanh|đẩy mạnh|chấm dứt|từ chối|thu|chi trả|hỗ trợ|bổ sung|sửa đổi|" +
		"điều chỉnh|thay thế|bãi bỏ|công khai|hoàn thiện|khai thác|sử dụng|vận hành|kiểm kê|thanh toán|giải ngân|quyết toán|phát động|ký|phân công|giao|tạo|mở|in|lưu trữ|chỉnh lý|" +
		"sắp xếp|tái cấu trúc|đơn giản hóa|điện tử hóa|cập nhật|theo dõi|giám sát|nghiên cứu|thí điểm|nhân rộng|dự thảo|bảo đảm|đảm bảo|huy động|vận động|khen thưởng|xác minh|thu thập|đối soát")

	// Things that have a period in their name: "kế hoạch năm 2024", "số liệu
	// tháng 5/2023".
	periodical = newPhrases("báo cáo|báo cáo kết quả|báo cáo số liệu|kết quả|số liệu|kế hoạch|dự toán|công tác|nhiệm vụ|chương trình|chỉ tiêu|sơ kết|tổng kết|ngân sách|kinh phí|quyết toán|báo cáo sơ kết|báo cáo tổng kết|đánh giá")
	harmless   = newPhrases("không dùng tiền mặt|không phụ thuộc|không gian|không phát sinh mới|hoàn thành tốt|hộ tịch đang có")

	// Words that, where no rule has a use for them, mean that the text says
	// something about time, or denies or weakens it, in a way not understood.
	reserved = newPhrases("ngày|tháng|năm|quý|tuần|giờ|phút|trước|sau|không|chưa|chẳng|trừ|hoặc|hay|nếu|khoảng|ngoài|dự kiến|âm lịch|tết|nguyên đán|" +
		"học kỳ|nhiệm kỳ|niên khóa|niên độ|hiệu lực|tính đến|gia hạn|kéo dài|lùi|hoãn|dừng|hủy|thay vì|thay cho|từ khi|từ lúc|đến khi|cho đến khi|đến nay|" +
		"đầu tháng|đầu năm|đầu quý|giữa tháng|giữa năm|giữa quý|nửa|thập kỷ|thế kỷ|hôm|khi|lần|đợt|thứ|đã|chủ nhật|ngay|là|bắt đầu|khởi công|khởi động|hết hạn|quá hạn")
)

// Before "trước ngày …" these make it a property of things ("hồ sơ tiếp nhận
// trước ngày …", "văn bản ban hành trước ngày …"), unless somebody is asked to
// do it; before "thường xuyên" those make it one of money or of schools, or
// deny it.
var (
	attributive = newSet("sinh|cấp|lập|nhận|ký|đọng|lực|nộp|ban hành|phát hành|phê duyệt|công bố|xảy ra")
	asking      = newPhrases("trình|tham mưu|đề nghị|đề xuất|kiến nghị|yêu cầu|giao")
	urging      = newSet("việc|để|phải|cần|và|thành|xong")
	expenses    = newSet("chi|phí|nguồn|sách|nghiệp|không|cấp|dục|thiếu|ít|kém")
)

func newSet(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.SplitSeq(list, "|") {
		set[word] = true
	}
	return set
}
