package planfile

import "testing"

func TestSplitLead(t *testing.T) {
	t.Parallel()
	const a, b = "Phòng Tư pháp", "Công an thành phố"
	for cell, want := range map[string][2]string{
		"":           {"", ""},
		a:            {a, ""},
		a + ", " + b: {a + ", " + b, ""},
		"Chủ trì: Phòng Tư pháp; phối hợp: Công an thành phố":                            {a, b},
		"Chủ trì: Phòng Tư pháp. Phối hợp: Công an thành phố.":                           {a, b},
		"Chủ trì: Phòng Tư pháp Phối hợp: Công an thành phố":                             {a, b},
		"- CHỦ TRÌ : Phòng Tư pháp - PHỐI HỢP : Công an thành phố":                       {a, b},
		"CQ chủ trì: Phòng Tư pháp; CQ phối hợp: Công an thành phố":                      {a, b},
		"Đơn vị chủ trì: Phòng Tư pháp; Đơn vị phối hợp: Công an thành phố":              {a, b},
		"Cơ quan, đơn vị chủ trì: Phòng Tư pháp, các đơn vị phối hợp: Công an thành phố": {a, b},
		"Phối hợp: Công an thành phố; chủ trì: Phòng Tư pháp":                            {a, b},
		"Phòng Tư pháp; phối hợp: Công an thành phố":                                     {a, b},
		"Phòng Tư pháp (phối hợp: Công an thành phố)":                                    {a, b},
		"Phòng Tư pháp. Cơ quan phối hợp thực hiện: Công an thành phố":                   {a, b},
		"Chủ trì: Phòng Tư pháp":                                                         {a, ""},
		"Chủ trì: Hội (thành phố); phối hợp: Hội (phường).":                              {"Hội (thành phố)", "Hội (phường)"},
		"Phối hợp: Công an thành phố":                                                    {"", b},
		"Chủ trì: Phòng Tư pháp; phối hợp: Phòng Nội vụ, Công an; phối hợp: Hội Phụ nữ":  {a, "Phòng Nội vụ, Công an; Hội Phụ nữ"},
		"Phòng Tư pháp chủ trì, phối hợp với Công an thành phố":                          {"Phòng Tư pháp chủ trì, phối hợp với Công an thành phố", ""},
		"Nhóm 1, chủ trì: Phòng Tư pháp":                                                 {"Nhóm 1, chủ trì: Phòng Tư pháp", ""},
	} {
		if lead, units := splitLead(cell); lead != want[0] || units != want[1] {
			t.Errorf("%q: lead %q, coordinating %q", cell, lead, units)
		}
	}
}
