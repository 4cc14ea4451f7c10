package tasks

// intended reads a point in time that is planned or moved: "dự kiến hoàn thành
// trong tháng 7/2023", "gia hạn đến 30/9/2023". One that stands beside another
// says how little the other is worth, and neither is taken.
func (r *reader) intended() bool {
	if r.said != nothing {
		return false
	}
	switch {
	case r.take(extending):
		if !r.lookingAt("đến") && !r.lookingAt("tới") {
			return false
		}
	case r.take(planning):
		r.is(":")
		r.take(workWords)
	default:
		return false
	}
	r.sole = r.due()
	return r.sole
}

// target reads the "đạt 80%" of "quý II đạt 80%; quý IV đạt 100%".
func (r *reader) target() bool {
	if !r.timed || !r.weakly || !r.is("đạt") {
		return false
	}
	if !r.take(atLeast) {
		r.is("trên")
	}
	if n := r.peek(0).n; n < 1 || n > 100 {
		return false
	}
	r.at++
	if !r.is("%") {
		return false
	}
	switch r.peek(0).text {
	case "", ",", ";", ".", ")":
	default:
		return false
	}
	for i := len(r.spans) - 1; i >= 0 && r.spans[i].group == r.group; i-- {
		r.spans[i].aside = true
	}
	r.timed, r.said = false, matter
	return true
}

// lateness reads what is to be done when the time said before is over: "quá hạn
// báo cáo lý do". It must not speak of time itself.
func (r *reader) lateness() bool {
	if len(r.spans) == 0 || r.timed || r.said != nothing || !r.take(tooLate) {
		return false
	}
	for r.at < len(r.tokens) && !r.lookingAt(";") && !r.lookingAt(".") && !r.lookingAt(")") {
		if t := r.peek(0); t.number() || timeWords[t.text] || reserved[t.text] != nil || awaitWords[t.text] != nil || ongoingWords[t.text] != nil || t.text == "hằng" || t.text == "(" {
			return false
		}
		r.at++
	}
	r.said = matter
	return true
}
